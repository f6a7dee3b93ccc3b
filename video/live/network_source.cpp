#include <cerrno>

#include "common/core/error.h"
#include "common/core/text.h"
#include "video/live/demuxed_source.h"
#include "video/live/protocols.h"

namespace vitral::video {
namespace {

constexpr const char* kAnalysis = "2000000";  ///< microseconds of a stream that are looked at before its first picture
constexpr const char* kProbeBytes = "1000000";

/// What trying again does not help.
bool is_final(int error) {
  return error == AVERROR_HTTP_NOT_FOUND || error == AVERROR_HTTP_UNAUTHORIZED || error == AVERROR_HTTP_FORBIDDEN ||
         error == AVERROR_HTTP_BAD_REQUEST || error == AVERROR_HTTP_OTHER_4XX || error == AVERROR_INVALIDDATA ||
         error == AVERROR_PROTOCOL_NOT_FOUND || error == AVERROR_DEMUXER_NOT_FOUND ||
         error == AVERROR_STREAM_NOT_FOUND || error == AVERROR_DECODER_NOT_FOUND;
}

Error refusal(const std::string& name, int error) {
  return {is_final(error) ? ErrorKind::input : ErrorKind::lost, name,
          (is_final(error) ? "is no video that can be read: " : "can't be reached: ") + ffmpeg::text_of(error)};
}

/// FFmpeg says "invalid data" where a server of RTSP goes away in the middle of the conversation.
Error rtsp_refusal(const std::string& name, int error) {
  return refusal(name, error == AVERROR_INVALIDDATA ? AVERROR(ECONNRESET) : error);
}

}  // namespace

LiveOpener network_opener(const std::string& url) {
  const bool is_rtsp = protocols_for(url) == protocols_for("rtsp://");
  Demuxed what{printable(without_password(url), 1'000), url, nullptr, {}, is_rtsp ? rtsp_refusal : refusal};
  what.options = {
      {"protocol_whitelist", protocols_for(url)}, {"probesize", kProbeBytes}, {"analyzeduration", kAnalysis}};
  if (is_rtsp) what.options.emplace_back("rtsp_transport", "tcp");
  return [what](const Deadline& deadline) { return open_demuxed(what, deadline); };
}

}  // namespace vitral::video
