#include "video/page/live_page.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <charconv>
#include <thread>

#include "common/core/error.h"
#include "common/core/text.h"
#include "video/page/page_html.h"

namespace vitral::video {
namespace {

constexpr std::size_t kThreads = 64;  ///< clients at a time; each stream has one
constexpr std::chrono::milliseconds kLook{1'000};
constexpr int kWriteSeconds = 5;  ///< a client that reads nothing for so long is gone

/// Compares in a time that does not depend on where two texts differ.
bool same_secret(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && !b.empty(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i % b.size()]);
  }
  return difference == 0;
}

bool is_allowed(const httplib::Request& request, const std::string& token) {
  if (token.empty()) return true;
  return same_secret(request.get_header_value("Authorization"), "Bearer " + token) ||
         same_secret(request.get_param_value("token"), token);
}

void refuse(httplib::Response& response, int status, const char* what) {
  response.status = status;
  response.set_content(std::string("{\"error\":\"") + what + "\"}\n", "application/json");
}

/// A port that was left a moment ago is taken, one that somebody listens on is not: httplib's own SO_REUSEPORT would
/// share it silently.
void share_no_port(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

class LivePage::Server {
 public:
  Server(const LivePageOptions& options, FrameBoard& board, std::function<std::string()> stats)
      : options_(options), board_(board), stats_(std::move(stats)) {
    http_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http_.set_keep_alive_timeout(2);
    http_.set_read_timeout(10);
    http_.set_write_timeout(kWriteSeconds);
    http_.set_payload_max_length(1u << 16);
    http_.set_tcp_nodelay(true);
    http_.set_socket_options(share_no_port);
    route();
    const bool any = options.port == 0;
    port_ = any ? http_.bind_to_any_port(options.host) : options.port;
    if (port_ <= 0 || (!any && !http_.bind_to_port(options.host, port_))) {
      throw Error(ErrorKind::usage, "--http",
                  printable(options.host, 200) + ":" + std::to_string(options.port) +
                      " can't be listened on; it is in use, or no address of this machine");
    }
    listener_ = std::thread([this] { http_.listen_after_bind(); });
    while (!http_.is_running() && !stopped_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  ~Server() {
    stopped_ = true;
    board_.close();
    http_.stop();
    listener_.join();
  }

  int port() const { return port_; }
  const LivePageOptions& options() const { return options_; }

 private:
  void route() {
    http_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (is_allowed(request, options_.token)) return httplib::Server::HandlerResponse::Unhandled;
      response.set_header("WWW-Authenticate", "Bearer");
      refuse(response, 401, "a token is needed");
      return httplib::Server::HandlerResponse::Handled;
    });
    http_.set_default_headers(
        {{"Cache-Control", "no-store"},
         {"X-Content-Type-Options", "nosniff"},
         {"Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"}});
    http_.Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(page_html().data(), page_html().size(), "text/html; charset=utf-8");
    });
    http_.Get("/stats.json", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(stats_(), "application/json");
    });
    http_.Get("/frame.jpg", [this](const httplib::Request& request, httplib::Response& response) {
      const auto source = source_of(request, response);
      if (source == board_.size()) return;
      const auto jpeg = board_.look(source, 0, kLook);
      if (jpeg.number == 0) return refuse(response, 503, "there is no picture yet");
      response.set_content(*jpeg.bytes, "image/jpeg");
    });
    http_.Get("/stream.mjpg", [this](const httplib::Request& request, httplib::Response& response) {
      const auto source = source_of(request, response);
      if (source < board_.size()) stream(source, response);
    });
  }

  /// The source that is asked for, 0 where none is; board_.size() and an error where there is no such one.
  std::size_t source_of(const httplib::Request& request, httplib::Response& response) const {
    const auto text = request.get_param_value("source");
    std::size_t source = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), source);
    const bool good = text.empty() || (error == std::errc() && end == text.data() + text.size());
    if (good && source < board_.size()) return source;
    refuse(response, 404, "there is no such source");
    return board_.size();
  }

  void stream(std::size_t source, httplib::Response& response) {
    response.set_content_provider("multipart/x-mixed-replace; boundary=frame", [this, source, seen = std::uint64_t{0}](
                                                                                   std::size_t,
                                                                                   httplib::DataSink& sink) mutable {
      const auto jpeg = board_.look(source, seen, kLook);
      if (board_.closed()) return false;
      if (jpeg.number == 0) return sink.is_writable();
      seen = jpeg.number;
      const std::string head =
          "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: " + std::to_string(jpeg.bytes->size()) + "\r\n\r\n";
      const std::string part = head + *jpeg.bytes + "\r\n";
      return sink.write(part.data(), part.size());
    });
  }

  LivePageOptions options_;
  FrameBoard& board_;
  std::function<std::string()> stats_;
  httplib::Server http_;
  int port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::thread listener_;
};

LivePage::LivePage(const LivePageOptions& options, FrameBoard& board, std::function<std::string()> stats)
    : server_(std::make_unique<Server>(options, board, std::move(stats))) {}

LivePage::~LivePage() = default;

int LivePage::port() const {
  return server_->port();
}

std::string LivePage::url() const {
  const auto& [host, port, token] = server_->options();
  const bool any = host == "0.0.0.0" || host == "::";
  const std::string shown = any ? "127.0.0.1" : host.find(':') == std::string::npos ? host : "[" + host + "]";
  return "http://" + shown + ":" + std::to_string(server_->port()) + "/" + (token.empty() ? "" : "?token=" + token);
}

std::pair<std::string, int> parse_address(const std::string& text, const std::string& flag) {
  const auto colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  int port = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + (colon == std::string::npos ? 0 : colon + 1), end, port);
  if (error == std::errc() && rest == end && port >= 0 && port <= 65'535)
    return {host.empty() ? "127.0.0.1" : host, port};
  throw Error(ErrorKind::usage, flag, "is '" + printable(text, 200) + "', expected HOST:PORT such as 127.0.0.1:8080");
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace vitral::video
