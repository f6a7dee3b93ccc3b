/// One connection as the server reads it: each request has to be there within its time.
#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>

namespace vitral::http {

struct RequestTimes {
  std::chrono::milliseconds request{30'000};  ///< from its first byte to its last, however slowly they drip
  std::chrono::milliseconds write{5'000};     ///< that a client may not take what is written to it
  std::chrono::milliseconds idle{2'000};      ///< between requests of one connection
};

/// httplib's own stream gives each read its time anew, so that a byte a second keeps a thread for ever.
class RequestStream : public httplib::Stream {
 public:
  RequestStream(socket_t socket, const RequestTimes& times) : socket_(socket), times_(times) {}

  /// Waits for a request to begin and starts its time; false where none came, or `stopping` became true before.
  bool next_request(const std::atomic<bool>& stopping);
  /// The answer to the present request was no error: whatever belonged to it has been read.
  bool succeeded() const { return succeeded_; }

  bool is_readable() const override;
  /// False where the other side has gone, or takes nothing for as long as a write may last.
  bool is_writable() const override;
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  using httplib::Stream::write;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;
  bool wait(short what, Clock::time_point until) const;
  ssize_t fill();
  socket_t socket_;
  const RequestTimes& times_;
  Clock::time_point read_until_{};
  bool written_ = false, succeeded_ = false;
  std::array<char, 16'384> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< of what the buffer holds
};

}  // namespace vitral::http
