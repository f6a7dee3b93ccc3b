#include "tests/support/mjpeg_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "common/image/draw.h"

namespace vitral::test {
namespace {

int listening_socket(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0) {
    ::close(listener);
    throw std::runtime_error("no port for the test's camera");
  }
  return listener;
}

int port_of(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

std::string part_head(std::size_t length) {
  return "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string jpeg(const image::Image& picture) {
  const auto bytes = image::encode_jpeg(picture, 95);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool MjpegServer::Client::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && !stop_) {
    pollfd ready{socket_, POLLOUT, 0};
    if (::poll(&ready, 1, 50) <= 0) continue;
    const ssize_t put = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put <= 0) return false;
    sent += static_cast<std::size_t>(put);
  }
  return sent == bytes.size();
}

bool MjpegServer::Client::head(const std::string& status, const std::string& type) {
  return send("HTTP/1.0 " + status + "\r\nContent-Type: " + type + "\r\nCache-Control: no-cache\r\n\r\n");
}

bool MjpegServer::Client::picture(const image::Image& picture) {
  const auto bytes = jpeg(picture);
  return send(part_head(bytes.size()) + bytes + "\r\n");
}

bool MjpegServer::Client::part_of(const image::Image& picture, double share) {
  const auto bytes = jpeg(picture);
  return send(part_head(bytes.size()) +
              bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
}

bool MjpegServer::Client::damaged_picture() {
  return send(part_head(40) + "\xff\xd8" + std::string(38, 'x') + "\r\n");
}

bool MjpegServer::Client::wait(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (Clock::now() < until) {
    if (stop_) return false;
    std::this_thread::sleep_for(std::min<Clock::duration>(until - Clock::now(), std::chrono::milliseconds(20)));
  }
  return !stop_;
}

void MjpegServer::Client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

MjpegServer::MjpegServer(Script script, int port)
    : script_(std::move(script)), listener_(listening_socket(port)), port_(port_of(listener_)) {
  acceptor_ = std::thread([this] { listen_on(); });
}

MjpegServer::~MjpegServer() {
  stop_ = true;
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

void MjpegServer::listen_on() {
  while (!stop_) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) threads_.emplace_back([this, socket, number = clients_++] { serve(socket, number); });
  }
}

void MjpegServer::serve(int socket, int number) {
  std::string request;
  char byte = 0;
  while (!stop_ && !request.ends_with("\r\n\r\n")) {
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    if (::recv(socket, &byte, 1, 0) <= 0) break;
    request += byte;
  }
  Client client(socket, stop_);
  script_(client, number);
  ::close(socket);
}

std::string MjpegServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

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

int free_port() {
  const int listener = listening_socket(0);
  const int port = port_of(listener);
  ::close(listener);
  return port;
}

}  // namespace vitral::test
