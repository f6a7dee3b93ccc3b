#include "apps/serve_body.h"

namespace vitral::apps {
namespace {

constexpr std::size_t kMostFields = 1'000;

}  // namespace

std::vector<SentPicture> read_body(const httplib::Request& request, const httplib::ContentReader& reader,
                                   std::size_t most_bytes) {
  std::vector<SentPicture> pictures;
  std::size_t bytes = 0, fields = 0;
  bool wanted = true;
  const auto take = [&](const char* data, std::size_t size) {
    bytes += size;
    if (bytes > most_bytes) return false;
    if (wanted) pictures.back().bytes.append(data, size);
    return true;
  };
  const auto begin_field = [&](const httplib::MultipartFormData& field) {
    wanted = field.name == "image";
    if (wanted) pictures.push_back({field.filename.empty() ? "image" : field.filename, ""});
    return ++fields <= kMostFields;
  };
  bool whole = false;
  if (request.is_multipart_form_data()) {
    whole = reader(begin_field, take);
  } else {
    pictures.push_back({"image", ""});
    whole = reader(take);
  }
  if (bytes > most_bytes) throw Refusal{413, "the body is larger than " + std::to_string(most_bytes) + " bytes"};
  if (!whole) throw Refusal{400, "the body can't be read, or did not come whole in time"};
  if (pictures.empty()) throw Refusal{400, "the form has no field 'image'"};
  for (const auto& picture : pictures) {
    if (picture.bytes.empty()) throw Refusal{400, "the body is empty; it has to be a picture, or a form of them"};
  }
  return pictures;
}

}  // namespace vitral::apps
