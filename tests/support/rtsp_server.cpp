#include "tests/support/rtsp_server.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "common/image/draw.h"

namespace vitral::test {
namespace {

constexpr std::size_t kPayload = 1'400;  ///< bytes of a picture in one packet
constexpr int kJpeg = 26;                ///< the number of this payload (RFC 3551)

void put(std::string& bytes, std::uint32_t value, int size) {
  while (size-- > 0) bytes += static_cast<char>(value >> (8 * size));
}

/// What RFC 2435 takes out of a baseline JPEG.
struct Jpeg {
  std::string tables;  ///< of quantisation: two of 64 bytes
  std::string scan;
  std::uint8_t type = 0;  ///< 0: 4:2:2, 1: 4:2:0
};

Jpeg parse(const std::vector<std::byte>& bytes) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes.at(i)); };
  const auto text = [&](std::size_t begin, std::size_t end) {
    return std::string(reinterpret_cast<const char*>(bytes.data()) + begin, end - begin);
  };
  Jpeg jpeg;
  for (std::size_t i = 2; i + 4 < bytes.size();) {
    const std::size_t marker = at(i + 1), length = at(i + 2) << 8 | at(i + 3), next = i + 2 + length;
    if (marker == 0xdb) {
      for (std::size_t table = i + 4; table < next; table += 65) jpeg.tables += text(table + 1, table + 65);
    } else if (marker == 0xc0) {
      jpeg.type = at(i + 11) == 0x22 ? 1 : 0;
    } else if (marker == 0xda) {
      jpeg.scan = text(next, bytes.size() - 2);
      return jpeg;
    }
    i = next;
  }
  throw std::runtime_error("the test's JPEG has no scan");
}

}  // namespace

bool RtspClient::reply(const std::string& status, const std::string& fields, const std::string& body) {
  const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return send("RTSP/1.0 " + status + "\r\nCSeq: " + number_ + "\r\n" + fields + length + "\r\n" + body);
}

bool RtspClient::answer(const std::string& method, const std::string& address) {
  if (method == "OPTIONS") return reply("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n");
  if (method == "DESCRIBE") {
    const std::string body =
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 26\r\na=control:track\r\n";
    return reply("200 OK", "Content-Base: " + address + "/\r\nContent-Type: application/sdp\r\n", body);
  }
  if (method == "SETUP") return reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n");
  return reply("200 OK", "Session: 1\r\n");
}

bool RtspClient::hear(const std::string& method) {
  while (true) {
    const auto head = head_of_request();
    if (head.empty()) return false;
    std::istringstream words(head);
    std::string called, address;
    words >> called >> address;
    const auto number = head.find("CSeq: ");
    if (number != std::string::npos) number_ = head.substr(number + 6, head.find("\r\n", number) - number - 6);
    if (called == method) return true;
    if (!answer(called, address)) return false;
  }
}

std::string RtspClient::packet(const std::string& payload, bool is_last, std::uint32_t time) {
  std::string bytes = "$";
  put(bytes, 0, 1);
  put(bytes, static_cast<std::uint32_t>(12 + payload.size()), 2);
  put(bytes, 0x80, 1);
  put(bytes, (is_last ? 0x80u : 0u) | kJpeg, 1);
  put(bytes, sequence_++, 2);
  put(bytes, time, 4);
  put(bytes, 0x76697472, 4);
  return bytes + payload;
}

std::string RtspClient::packets_of(const image::Image& picture, bool damaged) {
  auto jpeg = parse(image::encode_jpeg(picture, 95));
  if (damaged) jpeg.scan = std::string(38, 'x');
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const auto time = static_cast<std::uint32_t>(seconds * 90'000);
  std::string bytes;
  for (std::size_t offset = 0; offset < jpeg.scan.size(); offset += kPayload) {
    std::string payload;
    put(payload, static_cast<std::uint32_t>(offset), 4);  // its upper byte is "type specific": nothing
    put(payload, jpeg.type, 1);
    put(payload, 255, 1);  // the tables come along
    put(payload, static_cast<std::uint32_t>(picture.width / 8), 1);
    put(payload, static_cast<std::uint32_t>(picture.height / 8), 1);
    if (offset == 0) {
      put(payload, static_cast<std::uint32_t>(jpeg.tables.size()), 4);
      payload += jpeg.tables;
    }
    payload += jpeg.scan.substr(offset, kPayload);
    bytes += packet(payload, offset + kPayload >= jpeg.scan.size(), time);
  }
  return bytes;
}

bool RtspClient::picture(const image::Image& picture) {
  ignore_requests();
  return send(packets_of(picture, false));
}

bool RtspClient::part_of(const image::Image& picture, double share) {
  const auto bytes = packets_of(picture, false);
  return send(bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
}

bool RtspClient::damaged_picture() {
  auto any = image::Image::uninitialized(64, 48);
  std::fill(any.pixels.begin(), any.pixels.end(), std::uint8_t{90});
  return send(packets_of(any, true));
}

RtspServer::RtspServer(Script script, int port)
    : CameraServer(
          "rtsp",
          [script = std::move(script)](int socket, const std::atomic<bool>& stop, int number) {
            Client client(socket, stop);
            script(client, number);
          },
          port) {}

}  // namespace vitral::test
