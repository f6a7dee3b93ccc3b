#include "video/page/live_page.h"

#include <charconv>

#include "common/http/guard.h"
#include "common/http/server.h"
#include "video/page/page_html.h"

namespace vitral::video {
namespace {

constexpr std::size_t kThreads = 64;  ///< clients at a time; each stream has one
constexpr std::chrono::milliseconds kLook{1'000};
constexpr http::RequestTimes kTimes{.request =
                                        std::chrono::seconds(10)};  ///< writing: who takes nothing for 5 s is gone

}  // namespace

class LivePage::Server {
 public:
  Server(const LivePageOptions& options, FrameBoard& board, std::function<std::string()> stats)
      : options_(options),
        board_(board),
        stats_(std::move(stats)),
        http_({options.host, options.port, "--http", kThreads, kTimes}) {
    http_.set_payload_max_length(1u << 16);
    route();
    http_.start();
  }

  ~Server() {
    board_.close();  // frees those who wait for pictures
    http_.drain();
  }

  int port() const { return http_.port(); }
  std::string url() const { return http_.url() + (options_.token.empty() ? "" : "?token=" + options_.token); }

 private:
  void route() {
    http_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (http::is_allowed(request, options_.token, true)) return httplib::Server::HandlerResponse::Unhandled;
      http::refuse_stranger(response);
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
      if (jpeg.number == 0) return http::refuse(response, 503, "there is no picture yet");
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
    http::refuse(response, 404, "there is no such source");
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
  http::Server http_;
};

LivePage::LivePage(const LivePageOptions& options, FrameBoard& board, std::function<std::string()> stats)
    : server_(std::make_unique<Server>(options, board, std::move(stats))) {}

LivePage::~LivePage() = default;

int LivePage::port() const {
  return server_->port();
}

std::string LivePage::url() const {
  return server_->url();
}

}  // namespace vitral::video
