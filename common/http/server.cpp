#include "common/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/http/address.h"
#include "common/http/guard.h"

namespace vitral::http {
namespace {

constexpr int kRequestsOfOneConnection = 1'000;

/// A port that was left a moment ago is taken, one that somebody listens on is not: httplib's own SO_REUSEPORT would
/// share it silently.
void share_no_port(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

/// What httplib itself refuses.
const char* reason_of(int status) {
  switch (status) {
    case 404:
      return "there is nothing at this path";
    case 413:
      return "the request is too large";
    case 414:
      return "the address is too long";
    case 416:
      return "there is no such range";
    default:
      return status < 500 ? "the request can't be read, or did not come whole in time" : "the server failed";
  }
}

/// httplib's pool takes any number of connections in; here the accepting thread waits, and the kernel's queue holds
/// them.
class BoundedPool : public httplib::TaskQueue {
 public:
  explicit BoundedPool(std::size_t threads) : pool_(threads), free_(threads) {}
  void enqueue(std::function<void()> task) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return free_ > 0; });
      --free_;
    }
    pool_.enqueue([this, task = std::move(task)] {
      task();
      const std::lock_guard lock(mutex_);
      ++free_;
      changed_.notify_one();
    });
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  httplib::ThreadPool pool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t free_;
};

/// Closing a socket with unread input tells the client "reset" before it has read the answer: reads on for a moment.
void close_gently(socket_t socket) {
  ::shutdown(socket, SHUT_WR);
  timeval patience{0, 200'000};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char rest[16'384];
  for (int i = 0; i < 256 && recv(socket, rest, sizeof rest, 0) > 0; ++i) {
  }
  ::close(socket);
}

}  // namespace

Server::Server(ServerOptions options) : options_(std::move(options)) {
  new_task_queue = [this] { return new BoundedPool(options_.threads); };
  set_tcp_nodelay(true);
  set_socket_options(share_no_port);
  set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) refuse(response, response.status, reason_of(response.status));
  });
  set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
    refuse(response, 500, "the server failed");
  });
  set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (on_answer) on_answer(request, response);
    if (response.status < 400) return;  // after an error the connection ends, see RequestStream::succeeded
    response.headers.erase("Keep-Alive");
    response.headers.erase("Connection");
    response.set_header("Connection", "close");
  });
}

Server::~Server() {
  drain();
}

void Server::start() {
  const bool any = options_.port == 0;
  port_ = any ? bind_to_any_port(options_.host) : options_.port;
  if (port_ <= 0 || (!any && !bind_to_port(options_.host, port_))) {
    throw Error(ErrorKind::usage, options_.flag,
                printable(options_.host, 200) + ":" + std::to_string(options_.port) +
                    " can't be listened on; it is in use, or no address of this machine");
  }
  ::listen(svr_sock_, SOMAXCONN);  // httplib's own queue holds five
  listener_ = std::thread([this] { listen_after_bind(); });
  while (!is_running() && !stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Server::drain() {
  stopping_ = true;
  if (!listener_.joinable()) return;
  stop();
  listener_.join();
}

std::string Server::url() const {
  return local_url(options_.host, port_);
}

bool Server::process_and_close_socket(socket_t socket) {
  RequestStream stream(socket, options_.times);
  bool closed = false;
  for (int left = kRequestsOfOneConnection; !closed && left > 0 && stream.next_request(stopping_); --left) {
    if (!process_request(stream, left == 1 || stopping_, closed, nullptr)) break;
    if (!stream.succeeded()) {
      close_gently(socket);
      return false;
    }
  }
  ::close(socket);
  return true;
}

}  // namespace vitral::http
