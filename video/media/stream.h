/// What reading files and live sources share: the video stream of a container, its decoder, its pixels. Inside video/
/// only.
#pragma once

#include <memory>
#include <string>

#include "common/image/image.h"
#include "video/media/ffmpeg.h"

namespace vitral::video::ffmpeg {

struct CloseInput {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
using Input = std::unique_ptr<AVFormatContext, CloseInput>;

/// The first video stream. Throws Error(input, name) where there is none.
AVStream* video_stream_of(AVFormatContext& format, const std::string& name);

/// Frames a second as the container has them; 25 where it says nothing, or what can't be.
Rational rate_of(AVFormatContext& format, AVStream& stream);

/// The EXIF orientation that turns a picture as the stream's display matrix does (only whole quarter turns exist).
int orientation_of(const AVStream& stream);

/// What a damaged picture means.
enum class Damage {
  ends,  ///< the end of a file: decoders give up at the first error, and work ahead on two threads
  skips  ///< one picture of a live source: the next one is waited for, and none is held back
};

/// A decoder for the stream. Throws Error(input, name) where this FFmpeg has none.
Owned<AVCodecContext> open_decoder(const AVStream& stream, const std::string& name, Damage damage);

/// True where the decoder could only guess a part of the picture.
bool is_guessed(const AVFrame& frame);

/// Decoded frames to RGB, whatever their size and pixel format.
class PixelConverter {
 public:
  /// Throws Error(input, name) for a pixel format that can't be converted.
  image::Image rgb_of(const AVFrame& frame, const std::string& name);

 private:
  Owned<SwsContext> scaler_;
};

}  // namespace vitral::video::ffmpeg
