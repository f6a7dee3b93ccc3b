#include "video/media/ffmpeg.h"

namespace vitral::video::ffmpeg {

std::string text_of(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

void be_quiet() {
  av_log_set_level(AV_LOG_QUIET);
}

void set_colors(SwsContext* context, const AVFrame& frame, bool to_rgb) {
  const int matrix =
      frame.colorspace == AVCOL_SPC_UNSPECIFIED ? static_cast<int>(SWS_CS_DEFAULT) : static_cast<int>(frame.colorspace);
  const int full = frame.color_range == AVCOL_RANGE_JPEG ? 1 : 0;
  const int* const yuv = sws_getCoefficients(matrix);
  const int* const rgb = sws_getCoefficients(SWS_CS_DEFAULT);
  // Brightness 0, contrast and saturation 1 in 16.16 fixed point.
  if (to_rgb) {
    sws_setColorspaceDetails(context, yuv, full, rgb, 1, 0, 1 << 16, 1 << 16);
  } else {
    sws_setColorspaceDetails(context, rgb, 1, yuv, full, 0, 1 << 16, 1 << 16);
  }
}

}  // namespace vitral::video::ffmpeg
