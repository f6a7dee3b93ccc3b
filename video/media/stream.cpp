#include "video/media/stream.h"

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/core/limits.h"

extern "C" {
#include <libavutil/display.h>
}

namespace vitral::video::ffmpeg {
namespace {

constexpr double kShortestRate = 0.01, kLongestRate = 1000;  ///< frames a second that are believed

/// Decoders that conceal damage and say so with the picture. FFmpeg 5.1's end the whole process where they are told to
/// give up at the first error instead.
bool conceals(AVCodecID codec) {
  constexpr AVCodecID kConcealing[] = {
      AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG4, AV_CODEC_ID_H261,
      AV_CODEC_ID_H263,       AV_CODEC_ID_H263P,      AV_CODEC_ID_H263I, AV_CODEC_ID_MSMPEG4V1,
      AV_CODEC_ID_MSMPEG4V2,  AV_CODEC_ID_MSMPEG4V3,  AV_CODEC_ID_WMV1,  AV_CODEC_ID_WMV2,
      AV_CODEC_ID_WMV3,       AV_CODEC_ID_VC1,        AV_CODEC_ID_FLV1,  AV_CODEC_ID_RV10,
      AV_CODEC_ID_RV20,       AV_CODEC_ID_RV30,       AV_CODEC_ID_RV40};
  return std::find(std::begin(kConcealing), std::end(kConcealing), codec) != std::end(kConcealing);
}

}  // namespace

AVStream* video_stream_of(AVFormatContext& format, const std::string& name) {
  const int index = av_find_best_stream(&format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) throw Error(ErrorKind::input, name, "has no video stream");
  return format.streams[index];
}

Rational rate_of(AVFormatContext& format, AVStream& stream) {
  const AVRational guessed = av_guess_frame_rate(&format, &stream, nullptr);
  const Rational rate = guessed.num > 0 && guessed.den > 0 ? rational(guessed) : Rational{25, 1};
  return rate.value() < kShortestRate || rate.value() > kLongestRate ? Rational{25, 1} : rate;
}

int orientation_of(const AVStream& stream) {
  const auto* bytes = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (bytes == nullptr) return 1;
  const double turn = av_display_rotation_get(reinterpret_cast<const std::int32_t*>(bytes));  // counterclockwise
  if (!std::isfinite(turn)) return 1;
  switch ((static_cast<int>(std::lround(turn / 90)) % 4 + 4) % 4) {
    case 1:
      return 8;
    case 2:
      return 3;
    case 3:
      return 6;
    default:
      return 1;
  }
}

Owned<AVCodecContext> open_decoder(const AVStream& stream, const std::string& name, Damage damage) {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (codec == nullptr) {
    throw Error(
        ErrorKind::input, name,
        std::string("is coded as ") + avcodec_get_name(stream.codecpar->codec_id) + ", which this FFmpeg can't decode");
  }
  Owned<AVCodecContext> decoder(avcodec_alloc_context3(codec));
  if (decoder == nullptr || avcodec_parameters_to_context(decoder.get(), stream.codecpar) < 0)
    throw Error(ErrorKind::input, name, "has broken stream parameters");
  decoder->pkt_timebase = stream.time_base;
  decoder->max_pixels = static_cast<std::int64_t>(Limits().pixels);
  decoder->thread_count = 2;
  if (damage == Damage::ends) {
    decoder->err_recognition =
        AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | (conceals(codec->id) ? 0 : AV_EF_EXPLODE);
  } else {
    decoder->thread_type = FF_THREAD_SLICE;  // threads of whole frames would hold some back
    decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
  }
  if (const int error = avcodec_open2(decoder.get(), codec, nullptr); error < 0) {
    throw Error(ErrorKind::input, name, std::string("can't be decoded as ") + codec->name + ": " + text_of(error));
  }
  return decoder;
}

bool is_guessed(const AVFrame& frame) {
  return frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
}

image::Image PixelConverter::rgb_of(const AVFrame& frame, const std::string& name) {
  scaler_.reset(sws_getCachedContext(
      scaler_.release(), frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width, frame.height,
      AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  if (scaler_ == nullptr) throw Error(ErrorKind::input, name, "has a pixel format that can't be converted");
  set_colors(scaler_.get(), frame, true);
  auto result = image::Image::uninitialized(frame.width, frame.height);
  std::uint8_t* const planes[] = {result.pixels.data()};
  const int strides[] = {static_cast<int>(result.stride())};
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
  return result;
}

}  // namespace vitral::video::ffmpeg
