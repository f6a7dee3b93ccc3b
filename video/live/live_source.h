/// One connection to a live source.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/image/image.h"
#include "video/media/rational.h"

namespace vitral::video {

/// How long a connection may take, seen by the thread that reads and by the one that watches it.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  /// From now on.
  void extend(Clock::duration by) { until_ = (Clock::now() + by).time_since_epoch().count(); }
  void cancel() { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }
  bool passed() const { return cancelled_ || Clock::now() > until(); }
  Clock::time_point until() const { return Clock::time_point(Clock::duration(until_)); }

 private:
  std::atomic<Clock::rep> until_{Clock::time_point::max().time_since_epoch().count()};
  std::atomic<bool> cancelled_{false};
};

class LiveSource {
 public:
  enum class Step {
    frame,    ///< there is a picture
    damaged,  ///< one picture could not be decoded; the source goes on
    ended,    ///< the orderly end of something finite
    lost      ///< the connection is gone, or was silent until the deadline
  };
  virtual ~LiveSource() = default;
  /// Waits for the next picture until `deadline` has passed. Never throws for what the other side does, but
  /// Error(failed) to be given up.
  virtual Step next(const Deadline& deadline) = 0;
  /// Of the present picture.
  virtual image::Image picture() = 0;
  virtual std::optional<double> own_ms() const = 0;  ///< the source's own time; nothing where it has none
  virtual Rational frame_rate() const = 0;
  /// Why the last step gave no picture.
  virtual const std::string& why() const = 0;
};

/// Opens a connection until `deadline` has passed. Throws Error(input) for what will not become a video by trying again
/// (no such thing at that address, access denied, no video), Error(lost) for what may, and Error(failed) for what must
/// not be tried again.
using LiveOpener = std::function<std::unique_ptr<LiveSource>(const Deadline& deadline)>;

/// The opener of an address, by FFmpeg; RTSP over TCP. Throws Error(usage) for a protocol that is not read.
LiveOpener network_opener(const std::string& url);

}  // namespace vitral::video
