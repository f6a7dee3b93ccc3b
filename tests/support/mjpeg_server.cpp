#include "tests/support/mjpeg_server.h"

#include "common/image/draw.h"

namespace vitral::test {
namespace {

std::string part_head(std::size_t length) {
  return "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string jpeg(const image::Image& picture) {
  const auto bytes = image::encode_jpeg(picture, 95);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool MjpegClient::head(const std::string& status, const std::string& type) {
  return send("HTTP/1.0 " + status + "\r\nContent-Type: " + type + "\r\nCache-Control: no-cache\r\n\r\n");
}

bool MjpegClient::picture(const image::Image& picture) {
  const auto bytes = jpeg(picture);
  return send(part_head(bytes.size()) + bytes + "\r\n");
}

bool MjpegClient::part_of(const image::Image& picture, double share) {
  const auto bytes = jpeg(picture);
  return send(part_head(bytes.size()) +
              bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
}

bool MjpegClient::damaged_picture() {
  return send(part_head(40) + "\xff\xd8" + std::string(38, 'x') + "\r\n");
}

MjpegServer::MjpegServer(Script script, int port)
    : CameraServer(
          "http",
          [script = std::move(script)](int socket, const std::atomic<bool>& stop, int number) {
            Client client(socket, stop);
            client.head_of_request();
            script(client, number);
          },
          port) {}

MjpegServer::Script plays(int pictures, double rate, std::function<image::Image(int)> picture) {
  return [=](MjpegServer::Client& client, int) {
    client.head();
    for (int i = 0; i < pictures; ++i) {
      if (!client.picture(picture(i)) || !client.wait(1 / rate)) return;
    }
  };
}

MjpegServer::Script serves(const std::string& bytes, const std::string& type) {
  return [=](MjpegServer::Client& client, int) {
    client.head("200 OK", type + "\r\nContent-Length: " + std::to_string(bytes.size()));
    client.send(bytes);
  };
}

}  // namespace vitral::test
