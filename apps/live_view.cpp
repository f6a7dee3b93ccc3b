#include "apps/live_view.h"

#include "apps/access.h"
#include "common/http/address.h"

namespace vitral::apps {
namespace {

constexpr std::chrono::milliseconds kCountEvery{250};

}  // namespace

void LiveViewFlags::add(CLI::App& app) {
  app.add_option("--http", address, "a page to look at while the run goes on")->type_name("HOST:PORT");
  app.add_option("--http-token-file", token_file, "what clients of the page have to bring")->type_name("FILE");
}

video::LivePageOptions LiveViewFlags::options() const {
  const auto [host, port] = http::parse_address(address, "--http");
  return {host, port, access_token(token_file, host)};
}

LiveView::LiveView(const LiveViewFlags& flags, const std::vector<PictureSource>& sources, Console& console)
    : stats_(sources),
      board_(sources.size()),
      page_(flags.options(), board_, [this] { return stats_.json(PageStats::Clock::now()); }) {
  console.note("live page: " + page_.url());
}

void LiveView::show(PreparedPicture& picture, const Findings& found, double latency_ms) {
  stats_.succeeded(picture, found, latency_ms, PageStats::Clock::now());
  if (found.events) {
    for (const auto& event : *found.events) {
      stats_.event(std::string(to_string(event.kind)) + " " + event.name + " #" + std::to_string(event.track_id));
    }
  }
  board_.show(picture.source.index, std::move(picture.picture));
}

void LiveView::failed(const PreparedPicture& picture) {
  stats_.failed(picture.source);
  stats_.event(picture.error);
}

bool LiveView::wants_counts() {
  const auto now = PageStats::Clock::now();
  if (now - counted_ < kCountEvery) return false;
  counted_ = now;
  return true;
}

}  // namespace vitral::apps
