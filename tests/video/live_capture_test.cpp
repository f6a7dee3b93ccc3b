#include "video/live/live_capture.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/core/error.h"
#include "tests/support/mjpeg_server.h"
#include "tests/video/told.h"

namespace vitral::video {
namespace {

using namespace std::chrono_literals;
using test::capture, test::grey, test::options;
using test::MjpegServer;
using Clock = std::chrono::steady_clock;
using Kind = LiveEnd::Kind;

/// A source from a function; what blocks here blocks for good, as a driver may.
class Scripted : public LiveSource {
 public:
  explicit Scripted(std::function<Step(int)> step) : step_(std::move(step)) {}
  Step next(const Deadline&) override { return step_(number_++); }
  image::Image picture() override { return grey(8, 8); }
  std::optional<double> own_ms() const override { return 40.0 * number_; }
  Rational frame_rate() const override { return {25, 1}; }
  const std::string& why() const override { return why_; }

 private:
  std::function<Step(int)> step_;
  int number_ = 0;
  std::string why_ = "scripted";
};

LiveOpener scripted(std::function<LiveSource::Step(int)> step) {
  return [step](const Deadline&) { return std::make_unique<Scripted>(step); };
}

TEST(LiveCapture, AFiniteSourceEndsInOrder) {
  const auto told =
      capture(scripted([](int i) { return i < 5 ? LiveSource::Step::frame : LiveSource::Step::ended; }), options(1, 3));
  EXPECT_EQ(told.end.kind, Kind::ended);
  EXPECT_EQ(told.frames.size(), 5u);
  EXPECT_TRUE(told.lost.empty());
}

TEST(LiveCapture, DamagedPicturesHaveNumbersAndAreNoLoss) {
  const auto told = capture(
      scripted([](int i) {
        return i == 6 ? LiveSource::Step::ended : i % 2 == 1 ? LiveSource::Step::damaged : LiveSource::Step::frame;
      }),
      options(1, 0));
  EXPECT_EQ(told.end.kind, Kind::ended);
  EXPECT_EQ(told.damaged.size(), 3u);
  ASSERT_EQ(told.frames.size(), 3u);
  EXPECT_EQ(told.frames[2].index, 4);
}

TEST(LiveCapture, AReaderThatIsStuckIsLeftBehindAndCanNotComeBack) {
  struct Gate {
    std::atomic<bool> open{false};
    std::atomic<int> readers{0}, ended{0};
  };
  const auto gate = std::make_shared<Gate>();
  const LiveOpener opener = [gate](const Deadline&) {
    const bool first = gate->readers++ == 0;
    return std::make_unique<Scripted>([gate, first](int i) {
      if (first && i == 2) {
        while (!gate->open) std::this_thread::sleep_for(1ms);
        ++gate->ended;
        return LiveSource::Step::frame;  // too late: it must not be heard
      }
      std::this_thread::sleep_for(5ms);
      return LiveSource::Step::frame;
    });
  };
  std::atomic<int> frames{0};
  LiveHandlers handlers;
  handlers.frame = [&](LiveFrame) {
    if (++frames == 6) gate->open = true;
    if (frames > 6) std::this_thread::sleep_for(2ms);
    return frames < 40;
  };
  handlers.damaged = [](const std::string&) {};
  int lost = 0;
  handlers.lost = [&](const std::string&) { ++lost; };
  const auto begin = Clock::now();
  EXPECT_EQ(LiveCapture(opener, options(0.2, 3), handlers).run().kind, Kind::stopped);
  EXPECT_LT(Clock::now() - begin, 8s);
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(gate->readers, 2);
  EXPECT_EQ(frames, 40);
  for (int i = 0; i < 200 && gate->ended == 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(gate->ended, 1);
}

TEST(LiveCapture, StopEndsAWaitAndABackOff) {
  for (const bool silent : {true, false}) {
    LiveHandlers handlers;
    handlers.frame = [](LiveFrame) { return true; };
    handlers.damaged = handlers.lost = [](const std::string&) {};
    LiveCapture live(
        [silent](const Deadline& deadline) -> std::unique_ptr<LiveSource> {
          while (silent && !deadline.passed()) std::this_thread::sleep_for(1ms);
          throw Error(ErrorKind::lost, "x", "refused");
        },
        options(30, 100), handlers);
    std::thread stopper([&] {
      std::this_thread::sleep_for(150ms);
      live.stop();
    });
    const auto begin = Clock::now();
    EXPECT_EQ(live.run().kind, Kind::stopped);
    EXPECT_LT(Clock::now() - begin, 3s);
    stopper.join();
  }
}

TEST(LiveCapture, AThousandStartsAndStops) {
  for (int round = 0; round < 1000; ++round) {
    std::atomic<int> frames{0};
    LiveHandlers handlers;
    handlers.frame = [&](LiveFrame) { return ++frames, true; };
    handlers.damaged = handlers.lost = [](const std::string&) {};
    LiveCapture live(scripted([](int) {
                       std::this_thread::yield();
                       return LiveSource::Step::frame;
                     }),
                     options(5, 1), handlers);
    std::thread runner([&] { live.run(); });
    while (frames < round % 3) std::this_thread::yield();
    live.stop();
    runner.join();
  }
}

TEST(NetworkSource, PicturesComeOneByOne) {
  MjpegServer server(test::plays(30, 50, [](int i) { return grey(64, 48, 60 + 2 * i); }));
  const auto told = capture(network_opener(server.url()), options(3, 0));
  EXPECT_EQ(told.end.kind, Kind::lost) << told.end.why;
  EXPECT_GE(told.frames.size(), 29u);
  EXPECT_EQ(told.frames[0].picture.width, 64);
  EXPECT_NEAR(told.frames[9].picture.pixels[0], 78, 3);
}

TEST(NetworkSource, WhatCanNotBecomeAVideoIsSaidAtOnce) {
  MjpegServer missing([](MjpegServer::Client& client, int) { client.head("404 Not Found", "text/html"); });
  auto told = capture(network_opener(missing.url()), options(3, 5));
  EXPECT_EQ(told.end.kind, Kind::unreadable) << told.end.why;
  EXPECT_EQ(missing.clients(), 1);
  MjpegServer page(test::serves("<html>no video here</html>", "text/html"));
  told = capture(network_opener(page.url()), options(3, 5));
  EXPECT_EQ(told.end.kind, Kind::unreadable) << told.end.why;
  EXPECT_THROW(network_opener("file:///etc/passwd"), Error);
}

TEST(NetworkSource, RefusedIsTriedAgainAsOftenAsAllowed) {
  const auto url = "http://127.0.0.1:" + std::to_string(test::free_port()) + "/";
  const auto told = capture(network_opener(url), options(2, 2));
  EXPECT_EQ(told.end.kind, Kind::lost);
  EXPECT_EQ(told.lost.size(), 2u);
  EXPECT_GE(told.seconds, 0.4 + 0.8);
  EXPECT_LT(told.seconds, 0.6 + 1.2 + 1.5);
}

}  // namespace
}  // namespace vitral::video
