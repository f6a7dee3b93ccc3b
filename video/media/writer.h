/// Frames to a video file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/image/image.h"
#include "video/media/rational.h"

namespace vitral::video {

struct WriterOptions {
  int width = 0, height = 0;  ///< pixels; odd sides get one repeated row or column, which H.264 needs
  Rational frame_rate{25, 1};
};

/// Writes into a temporary file in the same folder, which finish() renames into place; so does the destructor where
/// frames were written and finish() was not reached (a run that was interrupted leaves a file that plays).
class Writer {
 public:
  /// The container is that of the extension (.mp4, .mov, .mkv, .avi). H.264 where this FFmpeg can write it, else MPEG-4
  /// part 2: codec() says which. Throws Error(usage) for other extensions, and for a file that exists while `overwrite`
  /// is off; Error(unavailable) where neither codec is there.
  Writer(const std::filesystem::path& path, const WriterOptions& options, bool overwrite);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Adds a frame of the size of the options. `t_ms` is media time since the first frame: it decides the frame's place
  /// in multiples of one frame's duration, so that uneven times stay uneven. Throws Error(failed).
  void write(const image::Image& picture, double t_ms);
  /// Ends the file. Throws Error(failed).
  void finish();
  const std::string& codec() const;

 private:
  class Muxer;
  std::unique_ptr<Muxer> muxer_;
};

/// True for an extension that Writer can write.
bool can_write_video(const std::filesystem::path& path);

}  // namespace vitral::video
