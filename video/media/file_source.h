/// A video file, read by FFmpeg's libraries.
#pragma once

#include <filesystem>
#include <memory>

#include "video/media/source.h"

namespace vitral::video {

/// Opens the first video stream of a regular file. Throws Error(input) where there is none, or no decoder for it.
///
/// Frame times are the container's own. The source ends at the first frame that is damaged: a packet that can't be
/// read, or a picture that its decoder could only guess. A file that ends long before its own duration was cut off,
/// which is damage too; the frame count of the header is not believed.
std::unique_ptr<FrameSource> open_file_source(const std::filesystem::path& path);

}  // namespace vitral::video
