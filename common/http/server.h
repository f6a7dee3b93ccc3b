/// A web server that slow, silent and greedy clients can't hold up.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/http/request_stream.h"

namespace vitral::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;              ///< 0: any that is free
  std::string flag;          ///< that named the address, for errors
  std::size_t threads = 64;  ///< connections at a time; others wait until one has ended
  RequestTimes times;
};

/// httplib's server with routes as its users set them, and with bounds of its own: on the time of a request, on the
/// connections at a time, on what is done with a body that nobody asked for.
class Server : public httplib::Server {
 public:
  explicit Server(ServerOptions options);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Hears of each answer before it is written. To be set before start().
  std::function<void(const httplib::Request&, const httplib::Response&)> on_answer;

  /// Listens from now on. Throws Error(usage) where the address can't be listened on. To be called once, after the
  /// routes are set.
  void start();
  /// Takes no more connections and returns when the requests that had begun are answered.
  void drain();
  int port() const { return port_; }
  std::string url() const;

 private:
  bool process_and_close_socket(socket_t socket) override;
  ServerOptions options_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread listener_;
};

}  // namespace vitral::http
