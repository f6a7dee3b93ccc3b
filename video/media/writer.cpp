#include "video/media/writer.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <system_error>

#include "common/core/error.h"
#include "common/core/text.h"
#include "video/media/ffmpeg.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace vitral::video {
namespace {

namespace fs = std::filesystem;
using ffmpeg::Owned;

struct CloseOutput {
  void operator()(AVFormatContext* format) const {
    if (format->pb != nullptr) avio_closep(&format->pb);
    avformat_free_context(format);
  }
};
using Output = std::unique_ptr<AVFormatContext, CloseOutput>;

constexpr std::array<const char*, 2> kEncoders{"libx264", "mpeg4"};

std::string container_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (extension == ".mp4" || extension == ".m4v") return "mp4";
  if (extension == ".mov") return "mov";
  if (extension == ".mkv") return "matroska";
  if (extension == ".avi") return "avi";
  return {};
}

}  // namespace

class Writer::Muxer {
 public:
  Muxer(fs::path path, const WriterOptions& options, bool overwrite)
      : path_(std::move(path)), options_(options), overwrite_(overwrite), name_(printable(path_.string(), 1'000)) {
    ffmpeg::be_quiet();
    const std::string container = container_of(path_);
    if (container.empty())
      throw Error(ErrorKind::usage, name_, "has no video extension that can be written (.mp4, .mov, .mkv, .avi)");
    refuse_existing();
    temporary_ = path_;
    temporary_ += ".part" + std::to_string(::getpid());
    AVFormatContext* format = nullptr;
    check(avformat_alloc_output_context2(&format, nullptr, container.c_str(), nullptr), "has no container");
    format_.reset(format);
    open_encoder();
    open_file();
  }

  ~Muxer() {
    try {
      if (frames_ > 0) finish();
    } catch (const Error&) {  // nobody is left to hear it
    }
    std::error_code ignored;
    if (!finished_) fs::remove(temporary_, ignored);
  }

  void write(const image::Image& picture, double t_ms) {
    if (picture.width != options_.width || picture.height != options_.height) {
      throw Error(ErrorKind::failed, name_,
                  "a frame of " + std::to_string(picture.width) + "x" + std::to_string(picture.height) +
                      " pixels came into a video of " + std::to_string(options_.width) + "x" +
                      std::to_string(options_.height));
    }
    convert(picture);
    if (frames_++ == 0) first_ms_ = t_ms;
    const std::int64_t place = std::llround((t_ms - first_ms_) / 1000 * options_.frame_rate.value());
    frame_->pts = last_place_ = std::max(place, last_place_ + 1);
    encode(frame_.get());
  }

  void finish() {
    if (finished_) return;
    encode(nullptr);
    check(av_write_trailer(format_.get()), "can't be finished");
    check(avio_closep(&format_->pb), "can't be written");
    refuse_existing();
    std::error_code error;
    fs::rename(temporary_, path_, error);
    if (error) throw Error(ErrorKind::failed, name_, "can't be put in place: " + error.message());
    finished_ = true;
  }

  const std::string& codec() const { return codec_name_; }

 private:
  void check(int error, const std::string& what) const {
    if (error < 0) throw Error(ErrorKind::failed, name_, what + ": " + ffmpeg::text_of(error));
  }
  void refuse_existing() const {
    if (!overwrite_ && fs::exists(path_)) throw Error(ErrorKind::usage, name_, "exists; -y overwrites it");
  }

  void open_encoder() {
    for (const char* name : kEncoders) {
      const AVCodec* codec = avcodec_find_encoder_by_name(name);
      if (codec != nullptr && try_encoder(codec)) return;
    }
    throw Error(ErrorKind::unavailable, name_,
                std::string("can't be written: this FFmpeg has neither ") + kEncoders[0] + " nor " + kEncoders[1]);
  }

  bool try_encoder(const AVCodec* codec) {
    encoder_.reset(avcodec_alloc_context3(codec));
    encoder_->width = options_.width + options_.width % 2;
    encoder_->height = options_.height + options_.height % 2;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->framerate = ffmpeg::rational(options_.frame_rate);
    encoder_->time_base = av_inv_q(encoder_->framerate);
    encoder_->color_range = AVCOL_RANGE_MPEG;
    encoder_->colorspace = AVCOL_SPC_SMPTE170M;
    encoder_->thread_count = 2;
    if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* options = nullptr;
    if (std::string_view(codec->name) == "libx264") {
      av_dict_set(&options, "preset", "veryfast", 0);
      av_dict_set(&options, "crf", "20", 0);
    } else {
      encoder_->flags |= AV_CODEC_FLAG_QSCALE;
      encoder_->global_quality = 4 * FF_QP2LAMBDA;
    }
    const int error = avcodec_open2(encoder_.get(), codec, &options);
    av_dict_free(&options);
    codec_name_ = codec->name;
    return error >= 0;
  }

  void open_file() {
    stream_ = avformat_new_stream(format_.get(), nullptr);
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    if (stream_ == nullptr || packet_ == nullptr || frame_ == nullptr) throw std::bad_alloc();
    check(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()), "has no stream");
    stream_->time_base = encoder_->time_base;
    stream_->avg_frame_rate = encoder_->framerate;
    frame_->format = encoder_->pix_fmt;
    frame_->width = encoder_->width;
    frame_->height = encoder_->height;
    frame_->color_range = encoder_->color_range;
    frame_->colorspace = encoder_->colorspace;
    check(av_frame_get_buffer(frame_.get(), 0), "has no frames");
    if (const int error = avio_open(&format_->pb, ("file:" + temporary_.string()).c_str(), AVIO_FLAG_WRITE);
        error < 0) {
      throw Error(ErrorKind::usage, name_, "can't be written: " + ffmpeg::text_of(error));
    }
    check(avformat_write_header(format_.get(), nullptr), "can't be begun");
  }

  void convert(const image::Image& picture) {
    check(av_frame_make_writable(frame_.get()), "has no frames");
    scaler_.reset(sws_getCachedContext(scaler_.release(), frame_->width, frame_->height, AV_PIX_FMT_RGB24,
                                       frame_->width, frame_->height, encoder_->pix_fmt, SWS_BICUBIC | SWS_ACCURATE_RND,
                                       nullptr, nullptr, nullptr));
    if (scaler_ == nullptr) throw Error(ErrorKind::failed, name_, "can't be converted to YUV");
    ffmpeg::set_colors(scaler_.get(), *frame_, false);
    const image::Image* shown = &picture;
    if (frame_->width != picture.width || frame_->height != picture.height) shown = &padded(picture);
    const std::uint8_t* const planes[] = {shown->pixels.data()};
    const int strides[] = {static_cast<int>(shown->stride())};
    sws_scale(scaler_.get(), planes, strides, 0, frame_->height, frame_->data, frame_->linesize);
  }

  /// The last row and column once more, where a side is odd.
  const image::Image& padded(const image::Image& picture) {
    if (padded_.empty()) padded_ = image::Image::uninitialized(frame_->width, frame_->height);
    for (int y = 0; y < padded_.height; ++y) {
      const std::uint8_t* from = picture.row(std::min(y, picture.height - 1));
      std::uint8_t* to = padded_.row(y);
      std::copy_n(from, picture.stride(), to);
      if (padded_.width > picture.width) std::copy_n(from + picture.stride() - 3, 3, to + picture.stride());
    }
    return padded_;
  }

  /// Gives a frame to the encoder (null: no more) and what comes out to the container.
  void encode(const AVFrame* frame) {
    check(avcodec_send_frame(encoder_.get(), frame), "a frame can't be encoded");
    while (true) {
      const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
      check(got, "a frame can't be encoded");
      packet_->stream_index = stream_->index;
      if (packet_->duration == 0) packet_->duration = 1;
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
      check(av_interleaved_write_frame(format_.get(), packet_.get()), "can't be written");
    }
  }

  fs::path path_, temporary_;
  WriterOptions options_;
  bool overwrite_;
  std::string name_, codec_name_;
  Output format_;
  AVStream* stream_ = nullptr;
  Owned<AVCodecContext> encoder_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  Owned<SwsContext> scaler_;
  image::Image padded_;
  std::int64_t frames_ = 0, last_place_ = -1;
  double first_ms_ = 0;
  bool finished_ = false;
};

Writer::Writer(const fs::path& path, const WriterOptions& options, bool overwrite)
    : muxer_(std::make_unique<Muxer>(path, options, overwrite)) {}
Writer::~Writer() = default;
void Writer::write(const image::Image& picture, double t_ms) {
  muxer_->write(picture, t_ms);
}
void Writer::finish() {
  muxer_->finish();
}
const std::string& Writer::codec() const {
  return muxer_->codec();
}

bool can_write_video(const fs::path& path) {
  return !container_of(path).empty();
}

}  // namespace vitral::video
