/// The flags of videos and live sources.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vitral::apps {

/// --vid-stride, --start, --limit, --loop, --live, --reconnect, --timeout, --isolate.
struct VideoOptions {
  std::int64_t stride = 1;            ///< every N-th frame of the source
  double start_s = 0;                 ///< frames before this media time are passed over
  std::optional<std::int64_t> limit;  ///< frames to give of each source
  bool loop = false;                  ///< begins again at the end; numbers and times go on
  std::string live = "auto";          ///< newest, all, or auto: files all, live sources newest
  std::int64_t reconnect = 5;         ///< failed tries in a row
  double timeout_s = 10;              ///< to open a live source, and from one picture to the next
  bool isolate = false;               ///< live sources are decoded in processes of their own
};

}  // namespace vitral::apps
