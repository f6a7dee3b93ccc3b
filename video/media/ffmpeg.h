/// FFmpeg's structures as values that free themselves. Inside this folder only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "video/media/rational.h"

namespace vitral::video::ffmpeg {

struct Free {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
template <class Type>
using Owned = std::unique_ptr<Type, Free>;

/// What FFmpeg calls an error code.
std::string text_of(int error);
inline Rational rational(AVRational value) {
  return {value.num, value.den};
}
inline AVRational rational(Rational value) {
  AVRational result{1, 1};
  av_reduce(&result.num, &result.den, value.num, value.den, 1 << 30);
  return result;
}
/// FFmpeg's own messages go nowhere: what matters comes as error codes.
void be_quiet();

/// Converts between RGB and the YUV of `frame`, with the frame's own colour matrix and range (unknown: BT.601,
/// limited).
void set_colors(SwsContext* context, const AVFrame& frame, bool to_rgb);

}  // namespace vitral::video::ffmpeg
