#include <cmath>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/image/orientation.h"
#include "video/live/live_source.h"
#include "video/live/protocols.h"
#include "video/media/stream.h"

namespace vitral::video {
namespace {

using ffmpeg::Input, ffmpeg::Owned;

constexpr const char* kAnalysis = "2000000";  ///< microseconds of a stream that are looked at before its first picture
constexpr const char* kProbeBytes = "1000000";

class Options {
 public:
  ~Options() { av_dict_free(&options_); }
  Options() = default;
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  void set(const char* name, const std::string& value) { av_dict_set(&options_, name, value.c_str(), 0); }
  AVDictionary** get() { return &options_; }

 private:
  AVDictionary* options_ = nullptr;
};

/// What trying again does not help.
bool is_final(int error) {
  return error == AVERROR_HTTP_NOT_FOUND || error == AVERROR_HTTP_UNAUTHORIZED || error == AVERROR_HTTP_FORBIDDEN ||
         error == AVERROR_HTTP_BAD_REQUEST || error == AVERROR_HTTP_OTHER_4XX || error == AVERROR_INVALIDDATA ||
         error == AVERROR_PROTOCOL_NOT_FOUND || error == AVERROR_DEMUXER_NOT_FOUND ||
         error == AVERROR_STREAM_NOT_FOUND || error == AVERROR_DECODER_NOT_FOUND;
}

class NetworkSource : public LiveSource {
 public:
  NetworkSource(const std::string& url, const std::string& protocols, const Deadline& deadline)
      : name_(printable(without_password(url), 1'000)), deadline_(&deadline) {
    ffmpeg::be_quiet();
    open(url, protocols);
    stream_ = ffmpeg::video_stream_of(*input_, name_);
    orientation_ = ffmpeg::orientation_of(*stream_);
    rate_ = ffmpeg::rate_of(*input_, *stream_);
    decoder_ = ffmpeg::open_decoder(*stream_, name_, ffmpeg::Damage::skips);
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    if (packet_ == nullptr || frame_ == nullptr) throw std::bad_alloc();
  }

  Step next(const Deadline& deadline) override {
    deadline_ = &deadline;
    while (true) {
      const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
      if (got == 0) return ffmpeg::is_guessed(*frame_) ? damaged("holds a damaged picture") : Step::frame;
      if (got == AVERROR_EOF) return at_end();
      if (got != AVERROR(EAGAIN)) return damaged("can't be decoded: " + ffmpeg::text_of(got));
      if (const auto step = feed()) return *step;
    }
  }

  image::Image picture() override { return image::upright(pixels_.rgb_of(*frame_, name_), orientation_); }
  std::optional<double> own_ms() const override {
    const auto stamp = frame_->best_effort_timestamp;
    if (stamp == AV_NOPTS_VALUE) return std::nullopt;
    return static_cast<double>(stamp) * av_q2d(stream_->time_base) * 1000;
  }
  Rational frame_rate() const override { return rate_; }
  const std::string& why() const override { return why_; }

 private:
  static int is_late(void* self) { return static_cast<NetworkSource*>(self)->deadline_->passed() ? 1 : 0; }

  void open(const std::string& url, const std::string& protocols) {
    AVFormatContext* format = avformat_alloc_context();
    if (format == nullptr) throw std::bad_alloc();
    format->interrupt_callback = {is_late, this};
    format->flags |= AVFMT_FLAG_DISCARD_CORRUPT;  // without NOBUFFER, which loses the frames that were looked at first
    Options options;
    options.set("protocol_whitelist", protocols);
    options.set("probesize", kProbeBytes);
    options.set("analyzeduration", kAnalysis);
    if (url.starts_with("rtsp")) options.set("rtsp_transport", "tcp");
    if (const int error = avformat_open_input(&format, url.c_str(), nullptr, options.get()); error < 0) refuse(error);
    input_.reset(format);
    format->fps_probe_size = 0;  // the rate is not worth waiting for several pictures of a slow camera
    if (const int error = avformat_find_stream_info(format, nullptr); error < 0) refuse(error);
  }

  [[noreturn]] void refuse(int error) const {
    if (deadline_->passed()) throw Error(ErrorKind::lost, name_, "gave no picture in time");
    throw Error(is_final(error) ? ErrorKind::input : ErrorKind::lost, name_,
                (is_final(error) ? "is no video that can be read: " : "can't be reached: ") + ffmpeg::text_of(error));
  }

  Step damaged(const std::string& what) {
    why_ = name_ + ": " + what;
    return Step::damaged;
  }

  /// Gives the decoder the next packet; a step where there is none, or it is of no use.
  std::optional<Step> feed() {
    const int got = av_read_frame(input_.get(), packet_.get());
    if (got < 0) {
      error_ = got;
      avcodec_send_packet(decoder_.get(), nullptr);  // what the decoder holds still comes out
      return std::nullopt;
    }
    const bool ours = packet_->stream_index == stream_->index;
    const int sent = ours ? avcodec_send_packet(decoder_.get(), packet_.get()) : 0;
    av_packet_unref(packet_.get());
    if (sent < 0) return damaged("can't be decoded: " + ffmpeg::text_of(sent));
    return deadline_->passed() ? std::optional(at_end()) : std::nullopt;
  }

  /// Something finite that came whole has ended; everything else is a loss.
  Step at_end() {
    const auto size = input_->pb == nullptr ? -1 : avio_size(input_->pb);
    if (error_ == AVERROR_EOF && size > 0 && avio_tell(input_->pb) >= size) return Step::ended;
    why_ = name_ + ": " +
           (deadline_->passed()     ? "gave no picture in time"
            : error_ == AVERROR_EOF ? "closed the connection"
                                    : "was lost: " + ffmpeg::text_of(error_));
    return Step::lost;
  }

  std::string name_;
  const Deadline* deadline_;
  Input input_;
  AVStream* stream_ = nullptr;
  Owned<AVCodecContext> decoder_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  ffmpeg::PixelConverter pixels_;
  Rational rate_;
  int orientation_ = 1, error_ = 0;
  std::string why_;
};

}  // namespace

LiveOpener network_opener(const std::string& url) {
  const auto protocols = protocols_for(url);
  return
      [url, protocols](const Deadline& deadline) { return std::make_unique<NetworkSource>(url, protocols, deadline); };
}

}  // namespace vitral::video
