/// What a live capture tells, gathered for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "video/live/live_capture.h"

namespace vitral::test {

inline image::Image grey(int width, int height, int level = 90) {
  auto picture = image::Image::uninitialized(width, height);
  std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(level));
  return picture;
}

/// What a capture told.
struct Told {
  std::vector<video::LiveFrame> frames;
  std::vector<std::string> damaged, lost;
  video::LiveEnd end;
  double seconds = 0;
};

/// Runs until the source ends or `limit` frames came; `each` is called at every one.
inline Told capture(
    const video::LiveOpener& opener, video::LiveOptions options, std::size_t limit = 1'000,
    const std::function<void()>& each = [] {}) {
  Told told;
  video::LiveHandlers handlers;
  handlers.frame = [&](video::LiveFrame frame) {
    told.frames.push_back(std::move(frame));
    each();
    return told.frames.size() < limit;
  };
  handlers.damaged = [&](const std::string& why) { told.damaged.push_back(why); };
  handlers.lost = [&](const std::string& why) { told.lost.push_back(why); };
  const auto begin = std::chrono::steady_clock::now();
  video::LiveCapture live(opener, options, handlers);
  told.end = live.run();
  told.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (std::size_t i = 1; i < told.frames.size(); ++i) {
    EXPECT_GT(told.frames[i].index, told.frames[i - 1].index);
    EXPECT_GT(told.frames[i].t_ms, told.frames[i - 1].t_ms);
  }
  return told;
}

inline video::LiveOptions options(double timeout, std::int64_t reconnect) {
  video::LiveOptions result;
  result.timeout = std::chrono::duration<double>(timeout);
  result.reconnect = reconnect;
  return result;
}

/// The threads or open files of this process.
inline std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace vitral::test
