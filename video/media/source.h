/// Where frames come from, one after another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "common/image/image.h"
#include "video/media/rational.h"

namespace vitral::video {

/// A finite source. Not thread-safe.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// Goes to the next frame, at first to the first; false behind the last one that can be had. Never throws for what is
  /// wrong in the middle: damage() says it.
  virtual bool next() = 0;
  /// Of the present frame: its number in the source from 0, and its media time in milliseconds from the source's first
  /// one on, strictly rising.
  virtual std::int64_t index() const = 0;
  virtual double t_ms() const = 0;
  /// Its pixels, upright. Frames whose pixels nobody asks for cost decoding only.
  virtual image::Image picture() = 0;
  /// Why next() ended before the source's end; empty where it did not.
  virtual const std::string& damage() const = 0;
  virtual Rational frame_rate() const = 0;
  /// What the source says of itself, 0 where it says nothing; for progress only.
  virtual std::int64_t expected_frames() const = 0;
};

/// Opens a video file or a sequence of pictures ("image_%05d.png"). Throws Error(input) for what is neither.
std::unique_ptr<FrameSource> open_source(const std::filesystem::path& path);

/// True for a name that open_source() is meant for: the extension of a video, or a pattern with one %d or %0Nd.
bool names_video(const std::filesystem::path& path);

}  // namespace vitral::video
