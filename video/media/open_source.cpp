#include <algorithm>
#include <array>
#include <string_view>

#include "video/media/file_source.h"
#include "video/media/image_sequence.h"

namespace vitral::video {

bool names_video(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 14> kExtensions{".mp4",  ".m4v", ".mov",  ".avi",  ".mkv",
                                                                ".webm", ".mpg", ".mpeg", ".ts",   ".m2ts",
                                                                ".wmv",  ".flv", ".3gp",  ".mjpeg"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const bool known = std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
  return known || (numbered_name(path.filename().string()) && !std::filesystem::exists(path));
}

std::unique_ptr<FrameSource> open_source(const std::filesystem::path& path) {
  const bool sequence = numbered_name(path.filename().string()) && !std::filesystem::exists(path);
  return sequence ? open_image_sequence(path) : open_file_source(path);
}

}  // namespace vitral::video
