#include "video/sinks/webhook.h"

#include <algorithm>

namespace vitral::video {
namespace {

using Clock = std::chrono::steady_clock;

/// False where `give_up` became true before.
bool pause(Clock::duration time, const std::atomic<bool>& give_up) {
  for (const auto until = Clock::now() + time; Clock::now() < until;) {
    if (give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return !give_up;
}

bool is_final(int status) {
  return status >= 400 && status < 500 && status != 408 && status != 429;
}

bool send(http::Poster& to, const std::string& body, const WebhookOptions& options, const std::atomic<bool>& give_up) {
  constexpr Clock::duration kLongest = std::chrono::seconds(30);
  Clock::duration wait = options.first_wait;
  for (int left = options.tries; left > 0; --left) {
    const int status = to.post(body, "application/x-ndjson");
    if (status >= 200 && status < 300) return true;
    if (is_final(status) || left == 1 || !pause(wait, give_up)) return false;
    wait = std::min(2 * wait, kLongest);
  }
  return false;
}

}  // namespace

std::unique_ptr<Spool<std::string>> webhook(http::Poster to, const WebhookOptions& options) {
  auto target = std::make_shared<http::Poster>(std::move(to));
  const SpoolRules rules{options.bound, options.most, {}};
  return std::make_unique<Spool<std::string>>(rules,
                                              [target, options](std::vector<std::string>& lines, const auto& give_up) {
                                                std::string body;
                                                for (const auto& line : lines) body += line;
                                                return send(*target, body, options, give_up);
                                              });
}

}  // namespace vitral::video
