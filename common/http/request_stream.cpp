#include "common/http/request_stream.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vitral::http {
namespace {

using NameOf = int (*)(int, sockaddr*, socklen_t*);

void address_of(int socket, NameOf name_of, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (name_of(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  char host[INET6_ADDRSTRLEN] = "";
  const bool six = address.ss_family == AF_INET6;
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&address);
  const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  inet_ntop(address.ss_family, six ? static_cast<const void*>(&v6->sin6_addr) : &v4->sin_addr, host, sizeof host);
  ip = host;
  port = ntohs(six ? v6->sin6_port : v4->sin_port);
}

}  // namespace

bool RequestStream::next_request(const std::atomic<bool>& stopping) {
  const auto until = Clock::now() + times_.idle;
  while (begin_ == end_) {
    if (stopping || Clock::now() > until) return false;
    if (wait(POLLIN, Clock::now() + std::chrono::milliseconds(100)) && fill() <= 0) return false;
  }
  read_until_ = Clock::now() + times_.request;
  written_ = succeeded_ = false;
  return true;
}

bool RequestStream::wait(short what, Clock::time_point until) const {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd poll_for{socket_, what, 0};
    const int ready = poll(&poll_for, 1, static_cast<int>(std::clamp<long>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 ? errno != EINTR : Clock::now() >= until) return false;
  }
}

/// Bytes that came; 0 at the end, -1 where none came.
ssize_t RequestStream::fill() {
  const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  begin_ = 0;
  end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got;
}

bool RequestStream::is_readable() const {
  return begin_ < end_ || wait(POLLIN, read_until_);
}

bool RequestStream::is_writable() const {
  char byte;
  const bool gone = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  return !gone && wait(POLLOUT, Clock::now() + times_.write);
}

ssize_t RequestStream::read(char* to, std::size_t size) {
  // Also while bytes keep coming: a request that drips is over when its time is.
  if (Clock::now() > read_until_) return -1;
  if (begin_ == end_) {
    if (!wait(POLLIN, read_until_)) return -1;
    const auto got = fill();
    if (got <= 0) return got;
  }
  const auto count = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t RequestStream::write(const char* from, std::size_t size) {
  if (!written_ && size > 9) succeeded_ = from[9] == '2';  // "HTTP/1.1 200 OK"
  written_ = true;
  const auto until = Clock::now() + times_.write;
  while (true) {
    const ssize_t sent = send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait(POLLOUT, until)) return -1;
  }
}

void RequestStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  address_of(socket_, getpeername, ip, port);
}

void RequestStream::get_local_ip_and_port(std::string& ip, int& port) const {
  address_of(socket_, getsockname, ip, port);
}

}  // namespace vitral::http
