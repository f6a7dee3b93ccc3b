/// Numbered pictures as a video: "image_%05d.png".
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "video/media/source.h"

namespace vitral::video {

/// A file name with one number in it.
struct NumberedName {
  std::string before, after;
  int digits = 0;  ///< least number of digits, padded with zeros
  std::string with(std::int64_t number) const;
};

/// The parts of a name with exactly one %d or %0Nd; nothing for any other name.
std::optional<NumberedName> numbered_name(const std::string& name);

/// Begins at the smallest number that exists and ends before the first that does not; 25 frames a second, as FFmpeg
/// takes them. The first picture that can't be read ends it as damage. Throws Error(input) where no file matches.
std::unique_ptr<FrameSource> open_image_sequence(const std::filesystem::path& pattern);

}  // namespace vitral::video
