/// Records sent to an address, as they come.
#pragma once

#include <string>

#include "common/http/poster.h"
#include "video/sinks/spool.h"

namespace vitral::video {

struct WebhookOptions {
  std::size_t bound = 1'000;  ///< records that wait while the other side is slow or gone
  std::size_t most = 50;      ///< records of one request
  int tries = 6;              ///< for one request: at once, then after 0.5 s, doubling up to 30 s
  std::chrono::milliseconds first_wait{500};
};

/// Lines of JSON, posted as "application/x-ndjson". A request that is answered with 2xx is done, one with another 4xx
/// than 408 and 429 has failed; all others are tried again.
std::unique_ptr<Spool<std::string>> webhook(http::Poster to, const WebhookOptions& options = {});

}  // namespace vitral::video
