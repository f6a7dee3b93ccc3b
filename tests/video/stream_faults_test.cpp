// What a source does wrong, over HTTP with MJPEG and over RTSP alike: found in time, over when the source is back, and
// unnoticed by a source beside it.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "common/core/error.h"
#include "tests/support/mjpeg_server.h"
#include "tests/support/rtsp_server.h"
#include "tests/support/ts_sender.h"
#include "tests/video/told.h"
#include "tests/video/watched.h"

namespace vitral::video {
namespace {

using namespace std::chrono_literals;
using test::CameraClient, test::CameraServer, test::Watched, test::grey, test::options;
using Clock = std::chrono::steady_clock;
using Kind = LiveEnd::Kind;
using Script = std::function<void(CameraClient& client, int number)>;

constexpr double kTimeout = 1, kFound = kTimeout + 1, kBack = 5;  ///< seconds
constexpr int kLevels = 36;

/// Pictures tell their numbers by their grey.
image::Image numbered(int i, int width = 64) {
  return grey(width, 48, 60 + 5 * (i % kLevels));
}

int number_of(const Watched::Event& frame) {
  return static_cast<int>(std::lround((frame.level - 60) / 5.0));
}

/// Pictures for as long as somebody looks, or so many.
bool play(CameraClient& client, int pictures = 1'000'000, int width = 64) {
  for (int i = 0; i < pictures; ++i) {
    if (!client.picture(numbered(i, width)) || !client.wait(0.02)) return false;
  }
  return true;
}

bool play_from_the_beginning(CameraClient& client, int) {
  return client.begin() && play(client);
}

enum class Protocol { mjpeg, rtsp };

std::unique_ptr<CameraServer> camera(Protocol protocol, const Script& script, int port = 0) {
  if (protocol == Protocol::mjpeg) return std::make_unique<test::MjpegServer>(script, port);
  return std::make_unique<test::RtspServer>(script, port);
}

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

/// A loss follows the last picture before it within the timeout and a second.
void expect_found_in_time(const Watched& watched, double timeout = kTimeout) {
  std::optional<Watched::Event> last;
  for (const auto& event : watched.events()) {
    if (!event.is_frame() && last && last->is_frame()) {
      EXPECT_LT(seconds_between(last->at, event.at), timeout + 1) << event.why;
    }
    last = event;
  }
}

/// Waits for pictures after `back`, which have to come in time.
void expect_pictures_again(const Watched& watched, Clock::time_point back) {
  ASSERT_TRUE(Watched::until([&] { return watched.frames_since(back).size() > 10; }, 2 * kBack));
  EXPECT_LT(seconds_between(back, watched.frames_since(back).front().at), kBack);
  const auto frames = watched.frames();
  for (std::size_t i = 1; i < frames.size(); ++i) EXPECT_GT(frames[i].index, frames[i - 1].index);
}

/// Each test has another source beside its own, of which nothing may be lost.
class StreamFaults : public testing::TestWithParam<Protocol> {
 protected:
  StreamFaults() {
    EXPECT_TRUE(Watched::until([&] { return beside_.frames().size() > 5; }, 10));
  }
  void TearDown() override {
    const auto before = beside_.frames().size();
    EXPECT_TRUE(Watched::until([&] { return beside_.frames().size() > before + 5; }, 2)) << "it goes on";
    beside_.stop();
    const auto frames = beside_.frames();
    EXPECT_TRUE(beside_.losses().empty());
    EXPECT_EQ(number_of(frames[0]), 0);
    for (std::size_t i = 1; i < frames.size(); ++i) {
      ASSERT_EQ(number_of(frames[i]), (number_of(frames[i - 1]) + 1) % kLevels) << "of the other source, at " << i;
      ASSERT_EQ(frames[i].index, static_cast<std::int64_t>(i));
    }
  }
  std::unique_ptr<CameraServer> server(const Script& script, int port = 0) const {
    return camera(GetParam(), script, port);
  }
  std::string nobody(int port) const { return (GetParam() == Protocol::rtsp ? "rtsp" : "http") + at(port); }
  static std::string at(int port) { return "://127.0.0.1:" + std::to_string(port) + "/video"; }

 private:
  std::unique_ptr<CameraServer> healthy_ = camera(GetParam(), play_from_the_beginning);
  Watched beside_{network_opener(healthy_->url()), options(10, 0)};
};

TEST_P(StreamFaults, RefusedUntilTheServerIsThere) {
  const int port = test::free_port();
  auto told = test::capture(network_opener(nobody(port)), options(kTimeout, 0));
  EXPECT_EQ(told.end.kind, Kind::lost) << told.end.why;
  EXPECT_LT(told.seconds, 1);
  Watched watched(network_opener(nobody(port)), options(kTimeout, 100));
  ASSERT_TRUE(Watched::until([&] { return watched.losses().size() == 2; }, 10));
  const auto late = server(play_from_the_beginning, port);
  expect_pictures_again(watched, Clock::now());
}

TEST_P(StreamFaults, NothingAtTheAddressIsSaidAtOnceButNotWhereAVideoWas) {
  const auto missing = server([](CameraClient& client, int) { client.refuse("404 Not Found"); });
  auto told = test::capture(network_opener(missing->url()), options(kTimeout, 5));
  EXPECT_EQ(told.end.kind, Kind::unreadable) << told.end.why;
  EXPECT_EQ(missing->clients(), 1);
  EXPECT_LT(told.seconds, 1);
  const auto starting = server([](CameraClient& client, int number) {
    if (number == 1 || number == 2) {
      client.refuse("404 Not Found");
    } else if (client.begin()) {
      play(client, number == 0 ? 5 : 1'000'000);
    }
  });
  Watched watched(network_opener(starting->url()), options(kTimeout, 5));
  ASSERT_TRUE(Watched::until([&] { return starting->clients() == 3; }, 10));
  expect_pictures_again(watched, Clock::now());
  EXPECT_EQ(watched.losses().size(), 3u);
}

TEST_P(StreamFaults, DeniedAccessIsSaidAtOnce) {
  const auto denied = server([](CameraClient& client, int) { client.refuse("401 Unauthorized"); });
  const auto told = test::capture(network_opener(denied->url()), options(kTimeout, 5));
  EXPECT_EQ(told.end.kind, Kind::unreadable) << told.end.why;
}

TEST_P(StreamFaults, AServerThatIsBusyIsTriedAgain) {
  const auto busy = server([](CameraClient& client, int number) {
    number == 0 ? client.refuse("503 Service Unavailable") : play_from_the_beginning(client, number);
  });
  Watched watched(network_opener(busy->url()), options(kTimeout, 5));
  expect_pictures_again(watched, Clock::now());
  EXPECT_EQ(watched.losses().size(), 1u);
}

TEST_P(StreamFaults, SilenceIsFoundInTimeAtEveryStage) {
  for (const int stage : {-2, -1, 0, 3}) {  // no answer to the connection, to the request; no picture; no more pictures
    test::FullPort full;
    const auto silent = server([stage](CameraClient& client, int) {
      if (stage >= 0 && client.begin()) play(client, stage);
      client.wait(60);
    });
    Watched watched(network_opener(stage == -2 ? nobody(full.port()) : silent->url()), options(kTimeout, 0));
    const auto begin = Clock::now();
    const auto end = watched.wait();
    EXPECT_EQ(end.kind, Kind::lost) << stage;
    EXPECT_NE(end.why.find("in time"), std::string::npos) << end.why;
    const auto frames = watched.frames();
    EXPECT_LT(seconds_between(frames.empty() ? begin : frames.back().at, Clock::now()), kFound) << stage;
    EXPECT_EQ(frames.size(), static_cast<std::size_t>(std::max(stage, 0)));
  }
}

TEST_P(StreamFaults, AConnectionThatStaysWithoutABytesIsLeft) {
  const auto half_open = server([](CameraClient& client, int number) {
    if (!client.begin()) return;
    if (play(client, number == 0 ? 10 : 1'000'000)) client.wait(60);
  });
  Watched watched(network_opener(half_open->url()), options(kTimeout, 5));
  ASSERT_TRUE(Watched::until([&] { return !watched.losses().empty(); }, 10));
  expect_pictures_again(watched, Clock::now());
  expect_found_in_time(watched);
  EXPECT_EQ(watched.losses().size(), 1u);
}

TEST_P(StreamFaults, AResetInAPictureOrBeforeTheFirst) {
  const auto rude = server([](CameraClient& client, int number) {
    if (number == 0) {
      if (!client.begin() || !play(client, 10)) return;
      client.part_of(numbered(10), 0.5);
      client.wait(0.1);
      client.reset();
    } else if (number == 1) {
      client.reset();
    } else {
      play_from_the_beginning(client, number);
    }
  });
  Watched watched(network_opener(rude->url()), options(kTimeout, 5));
  ASSERT_TRUE(Watched::until([&] { return rude->clients() == 3; }, 10));
  expect_pictures_again(watched, Clock::now());
  expect_found_in_time(watched);
  EXPECT_EQ(watched.losses().size(), 2u);
}

TEST_P(StreamFaults, AFirstConnectionThatEndsWithoutAPictureIsTriedAgain) {
  for (const bool answers : {false, true}) {
    for (const bool resets : {false, true}) {
      const auto starting = server([=](CameraClient& client, int number) {
        if (number > 0) return void(play_from_the_beginning(client, number));
        if (answers) client.begin();
        if (resets) client.reset();
      });
      Watched watched(network_opener(starting->url()), options(kTimeout, 5));
      EXPECT_TRUE(Watched::until([&] { return watched.frames().size() > 5; }, kBack)) << answers << resets;
      EXPECT_EQ(watched.losses().size(), 1u);
    }
  }
}

TEST_P(StreamFaults, FlippedBytesEverywhereHoldUpNothingForLong) {
  std::atomic<bool> good{false};
  const auto noisy = server([&good](CameraClient& client, int number) {
    if (number > 0 && !good) client.flip_one_in(5'000);
    if (!client.begin()) return;
    for (int i = 0;; ++i) {
      client.flip_one_in(good ? 0 : 400);
      if (!client.picture(numbered(i)) || !client.wait(0.02)) return;
    }
  });
  Watched watched(network_opener(noisy->url()), options(kTimeout, 100));
  std::this_thread::sleep_for(3s);
  good = true;
  expect_pictures_again(watched, Clock::now());
  expect_found_in_time(watched);
}

TEST_P(StreamFaults, PicturesMayChangeTheirSizeAndBeDamaged) {
  const auto changing = server([](CameraClient& client, int) {
    if (!client.begin() || !play(client, 10)) return;
    client.damaged_picture();
    if (play(client, 20, 96)) play(client);
  });
  Watched watched(network_opener(changing->url()), options(kTimeout, 0));
  ASSERT_TRUE(Watched::until([&] { return watched.frames().size() > 40; }, 10));
  const auto frames = watched.frames();
  EXPECT_EQ(frames[5].width, 64);
  EXPECT_EQ(std::count_if(frames.begin(), frames.end(), [](const auto& frame) { return frame.width == 96; }), 20);
  EXPECT_EQ(frames.back().width, 64);
  EXPECT_TRUE(watched.losses().empty());
}

TEST_P(StreamFaults, AServerThatIsStartedAgain) {
  auto first = server(play_from_the_beginning);
  const int port = first->port();
  Watched watched(network_opener(first->url()), options(kTimeout, 100));
  ASSERT_TRUE(Watched::until([&] { return watched.frames().size() > 10; }, 10));
  first.reset();
  std::this_thread::sleep_for(2s);
  const auto second = server(play_from_the_beginning, port);
  expect_pictures_again(watched, Clock::now());
  expect_found_in_time(watched);
}

/// A server that does nothing for a while, and goes on where it was.
class Stall {
 public:
  Script script() {
    return [this](CameraClient& client, int) {
      while (stalls_ && client.wait(0.02)) continue;
      if (!client.begin()) return;
      for (int i = 0; client.wait(0.02); ++i) {
        if (!stalls_ && !client.picture(numbered(i))) return;
      }
    };
  }
  void stall(std::chrono::duration<double> time) {
    stalls_ = true;
    std::this_thread::sleep_for(time);
    stalls_ = false;
  }

 private:
  std::atomic<bool> stalls_{false};
};

TEST_P(StreamFaults, AStallOfSeveralTimeouts) {
  Stall stall;
  const auto server = this->server(stall.script());
  Watched watched(network_opener(server->url()), options(kTimeout, 100));
  ASSERT_TRUE(Watched::until([&] { return watched.frames().size() > 10; }, 10));
  stall.stall(3s);
  expect_pictures_again(watched, Clock::now());
  expect_found_in_time(watched);
  EXPECT_GE(watched.losses().size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Over, StreamFaults, testing::Values(Protocol::mjpeg, Protocol::rtsp),
                         [](const auto& each) { return each.param == Protocol::mjpeg ? "Mjpeg" : "Rtsp"; });

TEST(RtspFaults, SilenceInTheMiddleOfTheConversation) {
  for (const char* unanswered : {"DESCRIBE", "SETUP", "PLAY"}) {
    test::RtspServer silent([unanswered](test::RtspServer::Client& client, int) {
      client.hear(unanswered);
      client.wait(60);
    });
    const auto told = test::capture(network_opener(silent.url()), options(kTimeout, 0));
    EXPECT_EQ(told.end.kind, Kind::lost) << unanswered << told.end.why;
    EXPECT_LT(told.seconds, kFound) << unanswered;
  }
}

TEST(RtspFaults, ALossInTheMiddleOfTheConversationIsTriedAgain) {
  for (const char* last : {"OPTIONS", "DESCRIBE", "SETUP", "PLAY"}) {
    test::RtspServer rude([last](test::RtspServer::Client& client, int number) {
      if (number == 0) {
        client.hear(last);
        client.reset();
      } else {
        play_from_the_beginning(client, number);
      }
    });
    const auto told = test::capture(network_opener(rude.url()), options(10, 1), 5);
    EXPECT_EQ(told.end.kind, Kind::stopped) << last << told.end.why;
    EXPECT_EQ(told.frames.size(), 5u) << last;
  }
}

/// Over both protocols at once: most of it is waiting.
TEST(ManyReconnects, ThreadsAndFilesStayAsTheyAre) {
  constexpr std::size_t kReconnects = 50;
  const Script fleeting = [](CameraClient& client, int number) {
    if (!client.begin() || !play(client, 5) || number % 2 == 0) return;
    client.part_of(numbered(5), 0.5);
    client.wait(0.1);
    client.reset();
  };
  const auto mjpeg = camera(Protocol::mjpeg, fleeting), rtsp = camera(Protocol::rtsp, fleeting);
  std::mutex mutex;
  std::vector<std::size_t> threads, files;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    threads.push_back(test::entries("/proc/self/task"));
    files.push_back(test::entries("/proc/self/fd"));
  };
  Watched one(network_opener(mjpeg->url()), options(5, 3), count),
      other(network_opener(rtsp->url()), options(5, 3), count);
  const auto enough = [&] { return one.losses().size() >= kReconnects && other.losses().size() >= kReconnects; };
  EXPECT_TRUE(Watched::until(enough, 120)) << one.losses().size() << " and " << other.losses().size();
  EXPECT_EQ(one.stop().kind, Kind::stopped);
  EXPECT_EQ(other.stop().kind, Kind::stopped);
  const auto most = [](auto begin, auto end) { return *std::max_element(begin, end); };
  // The most of twenty: the servers' threads come and go meanwhile.
  EXPECT_LE(most(threads.end() - 20, threads.end()), most(threads.begin(), threads.begin() + 20) + 1);
  EXPECT_LE(most(files.end() - 20, files.end()), most(files.begin(), files.begin() + 20) + 1);
}

/// The real thing, over both protocols at once: 30 s of nothing with the usual timeout.
TEST(LongStall, ThirtySecondsWithTheUsualTimeout) {
  Stall stall;
  const auto mjpeg = camera(Protocol::mjpeg, stall.script()), rtsp = camera(Protocol::rtsp, stall.script());
  Watched one(network_opener(mjpeg->url()), options(10, 5)), other(network_opener(rtsp->url()), options(10, 5));
  ASSERT_TRUE(Watched::until([&] { return one.frames().size() > 10 && other.frames().size() > 10; }, 10));
  stall.stall(30s);
  const auto back = Clock::now();
  for (const Watched* watched : {&one, &other}) {
    expect_pictures_again(*watched, back);
    expect_found_in_time(*watched, 10);
  }
}

TEST(Udp, SilenceIsFoundInTimeAndOverWhenTheSenderReturns) {
  test::TsSender sender(25, [](int i) { return numbered(i); });
  Watched watched(network_opener(sender.url()), options(3, 100));
  ASSERT_TRUE(Watched::until([&] { return watched.frames().size() > 40; }, 10)) << watched.losses().size();
  sender.be_silent(true);
  const auto begin = Clock::now();
  ASSERT_TRUE(Watched::until([&] { return !watched.losses().empty(); }, 10));
  EXPECT_LT(seconds_between(begin, watched.losses()[0].at), 3 + 1);
  EXPECT_NE(watched.losses()[0].why.find("in time"), std::string::npos) << watched.losses()[0].why;
  std::this_thread::sleep_for(1s);
  sender.be_silent(false);
  expect_pictures_again(watched, Clock::now());
  const auto frames = watched.frames();
  EXPECT_EQ(frames[0].width, 64);
  EXPECT_EQ((number_of(frames[20]) + 1) % kLevels, number_of(frames[21]));
}

TEST(Udp, NobodySends) {
  std::string url;
  {
    const test::TsSender sender(25, [](int i) { return numbered(i); });
    url = sender.url();
  }
  const auto told = test::capture(network_opener(url), options(kTimeout, 0));
  EXPECT_EQ(told.end.kind, Kind::lost) << told.end.why;
  EXPECT_LT(told.seconds, kFound);
}

}  // namespace
}  // namespace vitral::video
