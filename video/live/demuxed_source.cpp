#include "video/live/demuxed_source.h"

#include <thread>

#include "common/image/orientation.h"

namespace vitral::video {
namespace {

using ffmpeg::Input, ffmpeg::Owned;

constexpr std::chrono::milliseconds kDevicePoll{2};  ///< between questions to a device that has no picture yet

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

class DemuxedSource : public LiveSource {
 public:
  DemuxedSource(const Demuxed& what, const Deadline& deadline)
      : name_(what.name), is_device_(what.device != nullptr), deadline_(&deadline) {
    ffmpeg::be_quiet();
    open(what);
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
  static int is_late(void* self) { return static_cast<DemuxedSource*>(self)->deadline_->passed() ? 1 : 0; }

  void open(const Demuxed& what) {
    AVFormatContext* format = avformat_alloc_context();
    if (format == nullptr) throw std::bad_alloc();
    format->interrupt_callback = {is_late, this};
    format->flags |= AVFMT_FLAG_DISCARD_CORRUPT;  // without NOBUFFER, which loses the frames that were looked at first
    // A device would keep its reader, and itself busy, for as long as nothing comes.
    if (is_device_) format->flags |= AVFMT_FLAG_NONBLOCK;
    Options options;
    for (const auto& [name, value] : what.options) options.set(name.c_str(), value);
    int error = avformat_open_input(&format, what.url.c_str(), what.device, options.get());
    if (error < 0) refuse(what, error);
    input_.reset(format);
    if (is_device_) return;      // says itself what it gives; looking for more would not wait
    format->fps_probe_size = 0;  // the rate is not worth waiting for several pictures of a slow camera
    if (error = avformat_find_stream_info(format, nullptr); error < 0) refuse(what, error);
  }

  [[noreturn]] void refuse(const Demuxed& what, int error) const {
    if (deadline_->passed()) throw Error(ErrorKind::lost, name_, "gave no picture in time");
    throw what.refusal(name_, error);
  }

  Step damaged(const std::string& what) {
    why_ = name_ + ": " + what;
    return Step::damaged;
  }

  /// Gives the decoder the next packet; a step where there is none, or it is of no use.
  std::optional<Step> feed() {
    const int got = av_read_frame(input_.get(), packet_.get());
    if (got == AVERROR(EAGAIN) && is_device_) {
      std::this_thread::sleep_for(kDevicePoll);
      return deadline_->passed() ? std::optional(at_end()) : std::nullopt;
    }
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
  bool is_device_;
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

std::unique_ptr<LiveSource> open_demuxed(const Demuxed& what, const Deadline& deadline) {
  return std::make_unique<DemuxedSource>(what, deadline);
}

}  // namespace vitral::video
