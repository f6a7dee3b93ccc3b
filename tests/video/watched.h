/// A live capture that runs beside a test, and what it has told so far.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "video/live/live_capture.h"

namespace vitral::test {

class Watched {
 public:
  using Clock = std::chrono::steady_clock;
  struct Event {
    Clock::time_point at;
    int width = 0;  ///< of a picture; 0: a loss
    int level = 0;  ///< its first pixel
    std::int64_t index = 0;
    std::string why;
    bool is_frame() const { return width > 0; }
  };

  Watched(
      video::LiveOpener opener, const video::LiveOptions& options, std::function<void()> lost = [] {})
      : lost_(std::move(lost)), capture_(std::move(opener), options, handlers()) {
    thread_ = std::thread([this] { end_ = capture_.run(); });
  }
  ~Watched() { stop(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  video::LiveEnd stop() {
    capture_.stop();
    return wait();
  }
  /// Until it ends by itself.
  video::LiveEnd wait() {
    if (thread_.joinable()) thread_.join();
    return end_;
  }
  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<Event> frames() const { return these(true, {}); }
  std::vector<Event> losses() const { return these(false, {}); }
  std::vector<Event> frames_since(Clock::time_point begin) const { return these(true, begin); }

  /// Waits up to `seconds` for something to become true.
  static bool until(const std::function<bool()>& is_true, double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) {
      if (is_true()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return is_true();
  }

 private:
  video::LiveHandlers handlers() {
    video::LiveHandlers handlers;
    handlers.frame = [this](const video::LiveFrame& frame) {
      add({Clock::now(), frame.picture.width, frame.picture.pixels[0], frame.index, {}});
      return true;
    };
    handlers.damaged = [](const std::string&) {};
    handlers.lost = [this](const std::string& why) {
      add({Clock::now(), 0, 0, 0, why});
      lost_();
    };
    return handlers;
  }
  void add(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::vector<Event> these(bool frames, Clock::time_point begin) const {
    std::vector<Event> found;
    for (auto& event : events()) {
      if (event.is_frame() == frames && event.at >= begin) found.push_back(std::move(event));
    }
    return found;
  }

  std::function<void()> lost_;
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  video::LiveEnd end_;
  video::LiveCapture capture_;
  std::thread thread_;
};

}  // namespace vitral::test
