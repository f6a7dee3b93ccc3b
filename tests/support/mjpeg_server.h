/// A camera for tests that gives pictures as multipart JPEG over HTTP.
#pragma once

#include <functional>
#include <string>

#include "tests/support/camera_server.h"

namespace vitral::test {

/// A client whose request has been read.
class MjpegClient : public CameraClient {
 public:
  using CameraClient::CameraClient;
  bool head(const std::string& status = "200 OK",
            const std::string& type = "multipart/x-mixed-replace; boundary=frame");
  bool begin() override { return head(); }
  bool refuse(const std::string& status) override { return head(status, "text/plain"); }
  bool picture(const image::Image& picture) override;
  bool part_of(const image::Image& picture, double share) override;
  bool damaged_picture() override;

 private:
  friend class MjpegServer;
};

class MjpegServer : public CameraServer {
 public:
  using Client = MjpegClient;
  /// What happens to the client with this number, from 0.
  using Script = std::function<void(Client& client, int number)>;
  explicit MjpegServer(Script script, int port = 0);
};

/// A script: `pictures` of picture(i), `rate` a second, then the connection is closed.
MjpegServer::Script plays(int pictures, double rate, std::function<image::Image(int)> picture);

/// A script: these bytes as a file of known length.
MjpegServer::Script serves(const std::string& bytes, const std::string& type);

}  // namespace vitral::test
