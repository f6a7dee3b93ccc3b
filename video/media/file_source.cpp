#include "video/media/file_source.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string_view>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/limits.h"
#include "common/core/text.h"
#include "common/image/orientation.h"
#include "video/media/stream.h"

namespace vitral::video {
namespace {

using ffmpeg::Input, ffmpeg::Owned;

/// True where a transport stream ends inside one of its packets: it has no duration that would tell.
bool ends_inside_a_packet(std::span<const std::byte> file) {
  constexpr std::byte kSync{0x47};
  for (const auto& [size, first] : {std::pair<std::size_t, std::size_t>{188, 0}, {192, 4}, {204, 0}}) {
    if (file.size() > first + size && file[first] == kSync && file[first + size] == kSync)
      return file.size() % size != 0;
  }
  return false;
}

class FileSource : public FrameSource {
 public:
  explicit FileSource(const std::filesystem::path& path) : name_(printable(path.string(), 1'000)) {
    ffmpeg::be_quiet();
    // Refuses FIFOs, devices and folders without blocking, as every reader here does.
    const auto file = MappedFile::open(path, ErrorKind::input, Limits().file_bytes);
    open(path.string());
    if (std::string_view(input_->iformat->name) == "mpegts" && ends_inside_a_packet(file->bytes())) {
      end_damage_ = "ends inside a transport packet";
    }
    open_decoder();
  }

  bool next() override {
    if (ended_) return false;
    while (true) {
      const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
      if (got == 0) return take();
      if (got == AVERROR_EOF) return finish();
      if (got != AVERROR(EAGAIN)) {
        note_damage("can't be decoded: " + ffmpeg::text_of(got));
        if (draining_) return finish();
        drain();
        continue;
      }
      feed();
    }
  }

  std::int64_t index() const override { return index_; }
  double t_ms() const override { return t_ms_; }
  const std::string& damage() const override { return damage_; }
  Rational frame_rate() const override { return rate_; }
  std::int64_t expected_frames() const override {
    const double seconds = duration_s();
    return seconds > 0 ? std::llround(seconds * rate_.value()) : 0;
  }

  image::Image picture() override { return image::upright(pixels_.rgb_of(*frame_, name_), orientation_); }

 private:
  [[noreturn]] void refuse(const std::string& message) const { throw Error(ErrorKind::input, name_, message); }

  void open(const std::string& path) {
    AVFormatContext* format = nullptr;
    AVDictionary* options = nullptr;
    // A playlist inside the file may lead to other local files at most, never to the network.
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    const int error = avformat_open_input(&format, ("file:" + path).c_str(), nullptr, &options);
    av_dict_free(&options);
    if (error < 0) refuse("is no video that can be read: " + ffmpeg::text_of(error));
    input_.reset(format);
    if (const int found = avformat_find_stream_info(format, nullptr); found < 0) {
      refuse("is no video that can be read: " + ffmpeg::text_of(found));
    }
    stream_ = ffmpeg::video_stream_of(*format, name_);
    orientation_ = ffmpeg::orientation_of(*stream_);
    rate_ = ffmpeg::rate_of(*format, *stream_);
  }

  void open_decoder() {
    decoder_ = ffmpeg::open_decoder(*stream_, name_, ffmpeg::Damage::ends);
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    if (packet_ == nullptr || frame_ == nullptr) throw std::bad_alloc();
  }

  /// Gives the decoder the next packet of the stream, or tells it that there are no more.
  void feed() {
    while (!draining_) {
      const int got = av_read_frame(input_.get(), packet_.get());
      if (got < 0) {
        if (got != AVERROR_EOF) note_damage("can't be read: " + ffmpeg::text_of(got));
        return drain();
      }
      if (packet_->stream_index != stream_->index) {
        av_packet_unref(packet_.get());
        continue;
      }
      const bool broken = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
      const int sent = broken ? 0 : avcodec_send_packet(decoder_.get(), packet_.get());
      av_packet_unref(packet_.get());
      if (broken) note_damage("is cut off inside a frame");
      if (sent < 0) note_damage("can't be decoded: " + ffmpeg::text_of(sent));
      if (broken || sent < 0) drain();
      return;
    }
  }

  /// No more packets: what the decoder holds still comes out.
  void drain() {
    draining_ = true;
    avcodec_send_packet(decoder_.get(), nullptr);
  }

  void note_damage(const std::string& what) {
    if (pending_.empty()) pending_ = what;
  }

  /// The frame that the decoder gave becomes the present one, unless it is damaged itself.
  bool take() {
    if (ffmpeg::is_guessed(*frame_)) {
      note_damage("holds a damaged picture");
      return finish();
    }
    ++index_;
    t_ms_ = time_of_frame();
    end_ms_ = t_ms_ + frame_ms();
    return true;
  }

  double frame_ms() const {
    const double own = static_cast<double>(frame_->pkt_duration) * av_q2d(stream_->time_base) * 1000;
    return own > 0 ? own : 1000 / rate_.value();
  }

  /// Milliseconds since the first frame; a frame without a time, or with one that does not rise, follows its
  /// predecessor.
  double time_of_frame() {
    const auto stamp = frame_->best_effort_timestamp;
    if (stamp == AV_NOPTS_VALUE) return index_ == 0 ? 0 : t_ms_ + 1000 / rate_.value();
    if (index_ == 0) first_stamp_ = stamp;
    const double t = static_cast<double>(stamp - first_stamp_) * av_q2d(stream_->time_base) * 1000;
    return index_ == 0 || t > t_ms_ ? t : t_ms_ + 1000 / rate_.value();
  }

  double duration_s() const {
    if (stream_->duration != AV_NOPTS_VALUE && stream_->duration > 0) {
      return static_cast<double>(stream_->duration) * av_q2d(stream_->time_base);
    }
    // The container's duration is that of its longest stream.
    if (input_->nb_streams != 1 || input_->duration == AV_NOPTS_VALUE) return 0;
    return static_cast<double>(input_->duration) / AV_TIME_BASE;
  }

  bool finish() {
    ended_ = true;
    const double missing_ms = duration_s() * 1000 - end_ms_;
    if (pending_.empty() && missing_ms > 50 + 2500 / rate_.value()) {
      char text[96];
      std::snprintf(text, sizeof text, "ends at %.2f s of %.2f s", end_ms_ / 1000, duration_s());
      pending_ = text;
    }
    if (pending_.empty()) pending_ = end_damage_;
    if (!pending_.empty()) damage_ = name_ + ": " + pending_ + ", behind frame " + std::to_string(index_);
    return false;
  }

  std::string name_;
  Input input_;
  AVStream* stream_ = nullptr;
  Owned<AVCodecContext> decoder_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  ffmpeg::PixelConverter pixels_;
  Rational rate_;
  int orientation_ = 1;
  std::int64_t index_ = -1, first_stamp_ = 0;
  double t_ms_ = 0, end_ms_ = 0;
  bool draining_ = false, ended_ = false;
  std::string pending_, damage_;
  std::string end_damage_;  ///< what the file itself tells of its end
};

}  // namespace

std::unique_ptr<FrameSource> open_file_source(const std::filesystem::path& path) {
  return std::make_unique<FileSource>(path);
}

}  // namespace vitral::video
