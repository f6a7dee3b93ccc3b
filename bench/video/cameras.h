/// Cameras that are paced by the clock, each with its capture and its lane, for benchmarks.
#pragma once

#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "video/live/lanes.h"
#include "video/live/live_capture.h"

namespace vitral::bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Something to look at: slopes with noise, which a JPEG encoder has work with.
inline image::Image picture_of_camera() {
  auto picture = image::Image::uninitialized(640, 360);
  std::uint32_t noise = 7;
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    noise = noise * 1'664'525 + 1'013'904'223;
    picture.pixels[i] = static_cast<std::uint8_t>(i / 3 % 640 / 4 + i / (3 * 640) / 4 + (noise >> 28));
  }
  return picture;
}

/// `rate` pictures a second, the first `phase` of a period later than others'; rate 0: whenever one is wanted.
class PacedSource : public video::LiveSource {
 public:
  PacedSource(double rate, double phase) : rate_(rate), number_(phase), begin_(Clock::now()) {}
  Step next(const video::Deadline& deadline) override {
    if (deadline.passed()) return Step::lost;
    ++number_;
    if (rate_ > 0)
      std::this_thread::sleep_until(begin_ + std::chrono::duration_cast<Clock::duration>(Seconds(number_ / rate_)));
    return Step::frame;
  }
  image::Image picture() override { return picture_; }
  std::optional<double> own_ms() const override { return 1000 * number_ / std::max(rate_, 1.0); }
  video::Rational frame_rate() const override { return {static_cast<std::int64_t>(std::max(rate_, 1.0)), 1}; }
  const std::string& why() const override { return why_; }

 private:
  double rate_, number_;
  Clock::time_point begin_;
  image::Image picture_ = picture_of_camera();
  std::string why_ = "stopped";
};

class Cameras {
 public:
  Cameras(const std::vector<double>& rates, video::LanePolicy policy)
      : lanes_(std::vector(rates.size(), policy), 4, false) {
    for (std::size_t lane = 0; lane < rates.size(); ++lane) {
      video::LiveHandlers handlers;
      handlers.frame = [this, lane](video::LiveFrame frame) { return lanes_.push(lane, std::move(frame)); };
      handlers.damaged = handlers.lost = [](const std::string&) {};
      captures_.push_back(std::make_unique<video::LiveCapture>(
          // Cameras do not begin together: the golden ratio spreads any number of phases.
          [rate = rates[lane], phase = std::fmod(0.618 * static_cast<double>(lane), 1)](const video::Deadline&) {
            return std::make_unique<PacedSource>(rate, phase);
          },
          video::LiveOptions{}, handlers));
      threads_.emplace_back([&capture = *captures_.back()] { capture.run(); });
    }
  }
  ~Cameras() { stop(); }
  Cameras(const Cameras&) = delete;
  Cameras& operator=(const Cameras&) = delete;

  void stop() {
    for (std::size_t lane = 0; lane < captures_.size(); ++lane) lanes_.drop(lane);
    for (auto& capture : captures_) capture->stop();
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  video::Lanes<video::LiveFrame>& lanes() { return lanes_; }
  std::size_t size() const { return captures_.size(); }

 private:
  video::Lanes<video::LiveFrame> lanes_;
  std::vector<std::unique_ptr<video::LiveCapture>> captures_;
  std::vector<std::thread> threads_;
};

}  // namespace vitral::bench
