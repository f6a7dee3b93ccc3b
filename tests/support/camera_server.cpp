#include "tests/support/camera_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "tests/support/loopback.h"

namespace vitral::test {
namespace {

int listening_socket(int port, int queue) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, queue) != 0) {
    ::close(listener);
    throw std::runtime_error("no port for the test's camera");
  }
  return listener;
}

}  // namespace

bool CameraClient::send(const std::string& bytes) {
  std::string flipped = bytes;
  if (flip_every_ > 0) {
    for (char& byte : flipped) {
      if (random_() % static_cast<unsigned>(flip_every_) == 0) byte = static_cast<char>(byte ^ (1 + random_() % 255));
    }
  }
  std::size_t sent = 0;
  while (sent < flipped.size() && !stop_) {
    pollfd ready{socket_, POLLOUT, 0};
    if (::poll(&ready, 1, 50) <= 0) continue;
    const ssize_t put = ::send(socket_, flipped.data() + sent, flipped.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put <= 0) return false;
    sent += static_cast<std::size_t>(put);
  }
  return sent == flipped.size();
}

bool CameraClient::wait(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (Clock::now() < until) {
    if (stop_) return false;
    std::this_thread::sleep_for(std::min<Clock::duration>(until - Clock::now(), std::chrono::milliseconds(20)));
  }
  return !stop_;
}

void CameraClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::string CameraClient::head_of_request() {
  std::string head;
  char byte = 0;
  while (!stop_ && !head.ends_with("\r\n\r\n")) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    if (::recv(socket_, &byte, 1, 0) <= 0) return {};
    head += byte;
  }
  return stop_ ? std::string() : head;
}

void CameraClient::ignore_requests() {
  char bytes[512];
  while (::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
}

CameraServer::CameraServer(std::string scheme, Serve serve, int port)
    : scheme_(std::move(scheme)),
      serve_(std::move(serve)),
      listener_(listening_socket(port, 64)),
      port_(port_of(listener_)) {
  acceptor_ = std::thread([this] { listen_on(); });
}

CameraServer::~CameraServer() {
  stop_ = true;
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

void CameraServer::listen_on() {
  while (!stop_) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    threads_.emplace_back([this, socket, number = clients_++] {
      serve_(socket, stop_, number);
      ::close(socket);
    });
  }
}

std::string CameraServer::url(const std::string& path) const {
  return scheme_ + "://127.0.0.1:" + std::to_string(port_) + path;
}

FullPort::FullPort() : listener_(listening_socket(0, 0)) {
  const auto address = loopback(port());
  for (bool taken = true; taken && waiting_.size() < 16;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    waiting_.push_back(socket);
    pollfd ready{socket, POLLOUT, 0};
    taken = ::poll(&ready, 1, 200) > 0;
  }
}

FullPort::~FullPort() {
  for (const int socket : waiting_) ::close(socket);
  ::close(listener_);
}

int FullPort::port() const {
  return port_of(listener_);
}

int free_port() {
  const int listener = listening_socket(0, 1);
  const int port = port_of(listener);
  ::close(listener);
  return port;
}

}  // namespace vitral::test
