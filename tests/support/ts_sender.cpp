#include "tests/support/ts_sender.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "tests/support/loopback.h"
#include "video/media/ffmpeg.h"

namespace vitral::test {
namespace {

using video::ffmpeg::Owned;

constexpr std::size_t kDatagram = 7 * 188;  ///< whole packets of the transport stream

void check(int code) {
  if (code < 0) throw std::runtime_error("the test's sender: " + video::ffmpeg::text_of(code));
}

/// Pictures to the bytes of a transport stream.
class Stream {
 public:
  Stream(int width, int height, double rate) : encoder_(encoder(width, height, rate)), frame_(av_frame_alloc()) {
    frame_->format = encoder_->pix_fmt;
    frame_->width = width;
    frame_->height = height;
    check(av_frame_get_buffer(frame_.get(), 0));
    check(avformat_alloc_output_context2(&format_, nullptr, "mpegts", nullptr));
    auto* const buffer = static_cast<unsigned char*>(av_malloc(4096));
    format_->pb = avio_alloc_context(buffer, 4096, 1, this, nullptr, take, nullptr);
    AVStream* const stream = avformat_new_stream(format_, nullptr);
    check(avcodec_parameters_from_context(stream->codecpar, encoder_.get()));
    check(avformat_write_header(format_, nullptr));
    packet_.reset(av_packet_alloc());
  }
  ~Stream() {
    av_write_trailer(format_);
    av_freep(&format_->pb->buffer);
    avio_context_free(&format_->pb);
    avformat_free_context(format_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::string bytes_of(const image::Image& picture, std::int64_t number) {
    check(av_frame_make_writable(frame_.get()));
    scaler_.reset(sws_getCachedContext(scaler_.release(), picture.width, picture.height, AV_PIX_FMT_RGB24,
                                       picture.width, picture.height, encoder_->pix_fmt, SWS_BICUBIC, nullptr, nullptr,
                                       nullptr));
    const std::uint8_t* const planes[] = {picture.pixels.data()};
    const int strides[] = {static_cast<int>(picture.stride())};
    sws_scale(scaler_.get(), planes, strides, 0, picture.height, frame_->data, frame_->linesize);
    frame_->pts = number;
    check(avcodec_send_frame(encoder_.get(), frame_.get()));
    bytes_.clear();
    while (avcodec_receive_packet(encoder_.get(), packet_.get()) == 0) {
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, format_->streams[0]->time_base);
      check(av_write_frame(format_, packet_.get()));
    }
    check(av_write_frame(format_, nullptr));
    return bytes_;
  }

 private:
  static Owned<AVCodecContext> encoder(int width, int height, double rate) {
    Owned<AVCodecContext> encoder(avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MPEG2VIDEO)));
    encoder->width = width;
    encoder->height = height;
    encoder->time_base = {1, static_cast<int>(rate)};
    encoder->framerate = {static_cast<int>(rate), 1};
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->gop_size = 4;
    encoder->bit_rate = 2'000'000;
    encoder->max_b_frames = 0;
    encoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    check(avcodec_open2(encoder.get(), encoder->codec, nullptr));
    return encoder;
  }
  static int take(void* self, std::uint8_t* bytes, int count) {
    static_cast<Stream*>(self)->bytes_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    return count;
  }

  Owned<AVCodecContext> encoder_;
  Owned<AVFrame> frame_;
  Owned<AVPacket> packet_;
  Owned<SwsContext> scaler_;
  AVFormatContext* format_ = nullptr;
  std::string bytes_;
};

int unused_port() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(0);
  ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int port = port_of(socket);
  ::close(socket);
  return port;
}

void send_all(int socket, int port, const std::string& bytes) {
  const auto address = loopback(port);
  for (std::size_t at = 0; at < bytes.size(); at += kDatagram) {
    // Where nobody listens an error comes back, which is none of the sender's business.
    ::sendto(socket, bytes.data() + at, std::min(kDatagram, bytes.size() - at), 0,
             reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

}  // namespace

TsSender::TsSender(double rate, std::function<image::Image(int)> picture)
    : port_(unused_port()), thread_([=, this] { send_on(rate, picture); }) {}

TsSender::~TsSender() {
  stop_ = true;
  thread_.join();
}

void TsSender::send_on(double rate, const std::function<image::Image(int)>& picture) {
  const auto first = picture(0);
  Stream stream(first.width, first.height, rate);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto next = std::chrono::steady_clock::now();
  for (int i = 0; !stop_; ++i) {
    const auto bytes = stream.bytes_of(picture(i), i);
    if (!silent_) send_all(socket, port_, bytes);
    next += std::chrono::microseconds(static_cast<std::int64_t>(1e6 / rate));
    std::this_thread::sleep_until(next);
  }
  ::close(socket);
}

}  // namespace vitral::test
