/// The one picture, or ready-made tensors, that some subcommands take.
#pragma once

#include <optional>

#include "apps/picture_stream.h"
#include "common/runtime/loader.h"

namespace vitral::apps {

struct OneInput {
  PictureBatch batch;
  std::optional<PreparedPicture> picture;  ///< where it was a picture
};

/// A picture, "-" for one on standard input, or safetensors as InputFile reads them. Throws Error(input).
OneInput read_one(const std::string& input, const LoadedModel& model);

}  // namespace vitral::apps
