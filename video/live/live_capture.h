/// A live source for as long as it can be had: watched, given up when it blocks, opened again when it is lost.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "video/live/live_source.h"
#include "video/live/media_clock.h"
#include "video/live/reconnect.h"

namespace vitral::video {

struct LiveFrame {
  image::Image picture;
  std::int64_t index = 0;  ///< over all connections, damaged pictures included
  double t_ms = 0;         ///< see MediaClock
  Rational rate;
  std::chrono::steady_clock::time_point captured;
  double decode_ms = 0;
};

struct LiveOptions {
  std::chrono::duration<double> timeout{10};  ///< to open, and from one picture to the next
  std::int64_t reconnect = 5;                 ///< failed tries in a row
  std::int64_t stride = 1;                    ///< of every N pictures one is given
  std::uint64_t seed = 0;                     ///< of the jitter
};

/// What the capture tells, always from one thread at a time.
struct LiveHandlers {
  /// False: no more pictures are wanted.
  std::function<bool(LiveFrame)> frame;
  std::function<void(const std::string& why)> damaged;
  /// The connection is gone and will be tried again.
  std::function<void(const std::string& why)> lost;
};

struct LiveEnd {
  enum class Kind {
    ended,       ///< the orderly end of something finite
    stopped,     ///< stop() was called, or no more pictures were wanted
    lost,        ///< not to be had any more
    unreadable,  ///< never was a video
  };
  Kind kind = Kind::stopped;
  std::string why;
  bool for_good = false;  ///< lost, and not to be tried again
};

/// Reading happens on a thread of its own. Where it blocks beyond its deadline, in a name lookup or in a driver, it is
/// left behind: whatever it brings later is thrown away, and the thread ends when it wakes up.
class LiveCapture {
 public:
  LiveCapture(LiveOpener opener, LiveOptions options, LiveHandlers handlers);
  /// Returns when the source has ended for good, or after stop(). To be called once.
  LiveEnd run();
  /// From any thread. A handler that blocks has to be freed by its owner.
  void stop();

 private:
  struct Session;
  struct Shared;
  LiveEnd connect();
  bool pause(double seconds);
  std::shared_ptr<Shared> shared_;
  LiveOptions options_;
  Reconnect reconnect_;
  bool was_video_ = false;
};

}  // namespace vitral::video
