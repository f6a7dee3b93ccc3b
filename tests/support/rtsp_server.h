/// A camera for tests that speaks RTSP (RFC 2326) and gives JPEG pictures (RFC 2435) as RTP in the same connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/camera_server.h"

namespace vitral::test {

class RtspClient : public CameraClient {
 public:
  using CameraClient::CameraClient;
  /// Answers requests until one of this method comes, which stays without an answer.
  bool hear(const std::string& method);
  bool begin() override { return hear("PLAY") && reply("200 OK", "Session: 1\r\n"); }
  bool refuse(const std::string& status) override { return hear("DESCRIBE") && reply(status); }
  /// Width and height are multiples of 8, as RFC 2435 has them.
  bool picture(const image::Image& picture) override;
  bool part_of(const image::Image& picture, double share) override;
  bool damaged_picture() override;

 private:
  bool reply(const std::string& status, const std::string& fields = "", const std::string& body = "");
  bool answer(const std::string& method, const std::string& address);
  /// A picture as packets, each behind the '$' that says where it ends.
  std::string packets_of(const image::Image& picture, bool damaged);
  std::string packet(const std::string& payload, bool is_last, std::uint32_t time);

  std::string number_ = "0";  ///< of the last request, as the client counts them
  std::uint16_t sequence_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

class RtspServer : public CameraServer {
 public:
  using Client = RtspClient;
  /// What happens to the client with this number, from 0.
  using Script = std::function<void(Client& client, int number)>;
  explicit RtspServer(Script script, int port = 0);
};

}  // namespace vitral::test
