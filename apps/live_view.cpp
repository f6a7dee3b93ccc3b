#include "apps/live_view.h"

#include <algorithm>
#include <cctype>
#include <random>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

constexpr std::chrono::milliseconds kCountEvery{250};

std::string random_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 32; ++i) token += "0123456789abcdef"[device() % 16];
  return token;
}

/// The first line of a file, which has to be a plain word.
std::string read_token(const std::string& path) {
  std::string text = read_file(path, ErrorKind::usage, 1u << 16);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
  });
  if (plain && text.size() >= 8) return text;
  throw Error(ErrorKind::usage, printable(path), "has no token: one word of 8 or more letters, digits and -._~");
}

}  // namespace

void LiveViewFlags::add(CLI::App& app) {
  app.add_option("--http", address, "a page to look at while the run goes on")->type_name("HOST:PORT");
  app.add_option("--http-token-file", token_file, "what clients of the page have to bring")->type_name("FILE");
}

video::LivePageOptions LiveViewFlags::options() const {
  const auto [host, port] = video::parse_address(address, "--http");
  video::LivePageOptions options{host, port, token_file.empty() ? "" : read_token(token_file)};
  if (options.token.empty() && !video::is_loopback(host)) options.token = random_token();
  return options;
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
