/// Times of live frames: strictly rising, whatever the source says.
#pragma once

#include <optional>

namespace vitral::video {

/// Follows a source's own times where they go on plausibly, and the times of arrival where they do not: none given, one
/// that is not finite, a step back, a jump of more than five seconds beyond what passed on the clock on the wall.
class MediaClock {
 public:
  /// Milliseconds since the first frame; each above the last. `own_ms` is the source's time, `arrival_ms` a steady one.
  double stamp(std::optional<double> own_ms, double arrival_ms);
  /// A new connection: its own times have another zero.
  void reconnected() { last_own_.reset(); }

 private:
  bool started_ = false;
  double now_ = 0, last_arrival_ = 0;
  std::optional<double> last_own_;
};

}  // namespace vitral::video
