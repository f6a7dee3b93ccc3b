/// The pictures in a request's body.
#pragma once

#include <string>
#include <vector>

#include "common/http/server.h"

namespace vitral::apps {

struct SentPicture {
  std::string name;  ///< the file's name where the client gave one
  std::string bytes;
};

/// Why a request can't be answered, as its status and text.
struct Refusal {
  int status;
  std::string text;
};

/// The body as one picture, or the fields "image" of a multipart form. Throws Refusal: 413 beyond `most_bytes` in all,
/// 400 where no picture came, or not the whole body.
std::vector<SentPicture> read_body(const httplib::Request& request, const httplib::ContentReader& reader,
                                   std::size_t most_bytes);

}  // namespace vitral::apps
