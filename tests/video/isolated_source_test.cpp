#include "video/live/isolated_source.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "common/core/error.h"
#include "tests/support/mjpeg_server.h"
#include "tests/support/processes.h"
#include "tests/video/told.h"
#include "video/live/crashes.h"

namespace vitral::video {
namespace {

using namespace std::chrono_literals;
using test::capture, test::children_of, test::entries, test::grey, test::options, test::Told;
using test::MjpegServer;
using Kind = LiveEnd::Kind;

/// A child of the given kind: the real decoder, or one of fake_decoder.cpp's.
LiveOpener opener(const std::string& address, const std::string& mode = "real") {
  return isolated_opener(address, {VITRAL_FAKE_DECODER, {mode}});
}

LiveOpener fake(const std::string& mode) {
  return opener("http://me:secret@127.0.0.1/", mode);
}

/// Checks that all that was started is gone, zombies too.
void expect_no_children() {
  EXPECT_TRUE(children_of(::getpid()).empty());
}

/// The only child.
pid_t child() {
  const auto children = children_of(::getpid());
  EXPECT_EQ(children.size(), 1u);
  return children.empty() ? -1 : children[0];
}

/// Runs `act` at the frame with this number, and until `limit` frames came.
Told capture_and(const LiveOpener& from, double timeout, std::size_t at, std::function<void()> act, std::size_t limit) {
  std::size_t seen = 0;
  return capture(from, options(timeout, 3), limit, [&] {
    if (seen++ == at) act();
  });
}

MjpegServer::Script endless() {
  return test::plays(1'000'000, 50, [](int i) { return grey(64, 48, 60 + 2 * (i % 80)); });
}

TEST(IsolatedSource, GivesThePicturesOfTheSourceItself) {
  const auto script = test::plays(20, 50, [](int i) { return grey(64, 48, 60 + 2 * i); });
  MjpegServer server(script), again(script);
  const auto apart = capture(opener(server.url()), options(10, 0));
  const auto here = capture(network_opener(again.url()), options(10, 0));
  EXPECT_EQ(apart.end.kind, here.end.kind);
  const auto frames = std::min(apart.frames.size(), here.frames.size());  // the last may go down with the connection
  ASSERT_GE(frames, 19u);
  for (std::size_t i = 0; i < frames; ++i) {
    EXPECT_EQ(apart.frames[i].picture, here.frames[i].picture) << i;
    EXPECT_EQ(apart.frames[i].index, here.frames[i].index);
    EXPECT_EQ(apart.frames[i].rate, here.frames[i].rate);
  }
  expect_no_children();
}

TEST(IsolatedSource, ErrorsOfTheSourceArriveAsTheyAre) {
  MjpegServer missing([](MjpegServer::Client& client, int) { client.head("404 Not Found", "text/html"); });
  const auto apart = capture(opener(missing.url()), options(10, 5)),
             here = capture(network_opener(missing.url()), options(10, 5));
  EXPECT_EQ(apart.end.kind, Kind::unreadable);
  EXPECT_EQ(apart.end.why, here.end.why);
  EXPECT_EQ(missing.clients(), 2);
  MjpegServer damaged([](MjpegServer::Client& client, int) {
    client.head();
    for (int i = 0; i < 20; ++i) {
      i == 9 ? client.damaged_picture() : client.picture(i < 10 ? grey(64, 48) : grey(96, 80));
      client.wait(0.02);
    }
  });
  const auto told = capture(opener(damaged.url()), options(10, 0));
  EXPECT_GE(told.frames.size(), 18u);
  EXPECT_EQ(told.frames.back().picture.width, 96);
  EXPECT_THROW(isolated_opener("file:///etc/passwd", {VITRAL_FAKE_DECODER, {}}), Error);
  expect_no_children();
}

TEST(IsolatedSource, AnEndedChildIsReplacedAndNumbersGoOn) {
  MjpegServer server(endless());
  const auto told = capture_and(
      opener(server.url()), 10, 5, [] { ::kill(child(), SIGKILL); }, 20);
  EXPECT_EQ(told.end.kind, Kind::stopped);
  EXPECT_EQ(told.frames.size(), 20u);
  ASSERT_EQ(told.lost.size(), 1u);
  EXPECT_NE(told.lost[0].find("its decoder was ended by signal 9"), std::string::npos) << told.lost[0];
  EXPECT_EQ(server.clients(), 2);
  expect_no_children();
}

TEST(IsolatedSource, AStoppedChildIsEndedInTimeAndReplaced) {
  MjpegServer server(endless());
  const auto told = capture_and(
      opener(server.url()), 2, 5, [] { ::kill(child(), SIGSTOP); }, 20);
  EXPECT_EQ(told.frames.size(), 20u);
  ASSERT_EQ(told.lost.size(), 1u);
  EXPECT_NE(told.lost[0].find("its decoder gave no picture in time"), std::string::npos) << told.lost[0];
  EXPECT_LT(told.seconds, 2 + 1 + 6.0);
  expect_no_children();
}

TEST(IsolatedSource, CtrlCIsTheParentsToAnswer) {
  MjpegServer server(endless());
  const auto interrupt = [] {
    for (const int signal : {SIGINT, SIGTERM}) ::kill(child(), signal);
  };
  const auto told = capture_and(opener(server.url()), 10, 5, interrupt, 20);
  EXPECT_EQ(told.frames.size(), 20u);
  EXPECT_TRUE(told.lost.empty());
}

TEST(IsolatedSource, ADecoderThatKeepsCrashingIsGivenUp) {
  const auto told = capture(fake("frames"), options(10, 100));
  EXPECT_EQ(told.end.kind, Kind::lost);
  EXPECT_TRUE(told.end.for_good);
  EXPECT_EQ(told.lost.size(), Crashes::kMost - 1);
  EXPECT_EQ(told.frames.size(), 3 * Crashes::kMost);
  EXPECT_EQ(told.frames.back().index, 3 * static_cast<std::int64_t>(Crashes::kMost) - 1);
  EXPECT_NE(told.end.why.find("its decoder was ended by signal 11, 5 times within a minute; given up"),
            std::string::npos)
      << told.end.why;
  EXPECT_EQ(told.end.why.find("secret"), std::string::npos);
  expect_no_children();
}

TEST(IsolatedSource, OneThatCrashesBeforeItsFirstPictureIsGivenUpToo) {
  const auto open = fake("crash");
  for (std::size_t i = 1; i <= Crashes::kMost; ++i) {
    Deadline deadline;
    deadline.extend(10s);
    try {
      open(deadline);
      ADD_FAILURE() << "a decoder that crashed was opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), i < Crashes::kMost ? ErrorKind::lost : ErrorKind::failed) << error.what();
    }
  }
  expect_no_children();
}

TEST(IsolatedSource, CrashesLongAgoAreForgotten) {
  Crashes crashes;
  const Crashes::Time begin{};
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(crashes.too_many(begin + i * 16s)) << i;
  EXPECT_FALSE(Crashes().too_many(begin));
  Crashes many;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(many.too_many(begin + i * 15s));
  EXPECT_TRUE(many.too_many(begin + 60s));
}

TEST(IsolatedSource, WhatAChildSaysIsNotBelieved) {
  for (const char* mode : {"huge", "wrap", "line", "empty", "rate", "negative", "magic", "answer", "opened", "text",
                           "noise", "nan", "infinite"}) {
    const auto told = capture(fake(mode), options(10, 0));
    EXPECT_EQ(told.end.kind, Kind::lost) << mode;
    EXPECT_TRUE(told.frames.empty()) << mode;
    EXPECT_NE(told.end.why.find("its decoder said what makes no sense"), std::string::npos) << mode << told.end.why;
    EXPECT_LT(told.seconds, 5) << mode;
  }
  const auto half = capture(fake("half"), options(10, 0));
  EXPECT_NE(half.end.why.find("its decoder ended with code 3"), std::string::npos) << half.end.why;
  EXPECT_EQ(capture(fake("no time"), options(10, 0), 5).frames.size(), 5u);  // what is not said is not looked at
  expect_no_children();
}

TEST(IsolatedSource, AHangingChildHoldsNobodyUp) {
  for (const char* mode : {"silent", "stall"}) {
    const auto told = capture(fake(mode), options(1, 0));
    EXPECT_EQ(told.end.kind, Kind::lost) << mode;
    EXPECT_NE(told.end.why.find("gave no picture in time"), std::string::npos) << told.end.why;
    EXPECT_LT(told.seconds, 2.5) << mode;
    expect_no_children();
  }
  LiveHandlers handlers;
  handlers.frame = [](LiveFrame) { return true; };
  handlers.damaged = handlers.lost = [](const std::string&) {};
  LiveCapture live(fake("silent"), options(60, 5), handlers);
  std::thread stopper([&] {
    std::this_thread::sleep_for(300ms);
    live.stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(live.run().kind, Kind::stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  stopper.join();
  expect_no_children();
}

TEST(IsolatedSource, AChildKnowsNothingThatItNeedNot) {
  int pipe[2] = {-1, -1};
  ASSERT_EQ(::pipe(pipe), 0);  // to be inherited, if it could be
  std::error_code gone;
  const auto inherited = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(pipe[0]), gone);
  MjpegServer server(endless());
  auto url = server.url();
  url.insert(url.find("://") + 3, "me:secret@");
  std::size_t files = 0;
  const auto look = [&] {
    const std::string process = "/proc/" + std::to_string(child());
    for (const auto& file : std::filesystem::directory_iterator(process + "/fd", gone)) {
      ++files;
      EXPECT_NE(std::filesystem::read_symlink(file, gone), inherited);
    }
    for (const char* what : {"/cmdline", "/environ"}) {
      std::ifstream text(process + what);
      const std::string words{std::istreambuf_iterator<char>(text), {}};
      EXPECT_FALSE(words.empty());
      EXPECT_EQ(words.find("secret"), std::string::npos);
    }
  };
  capture_and(opener(url), 10, 3, look, 10);
  EXPECT_GE(files, 4u);  // three streams and the connection
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(IsolatedSource, ThreadsFilesAndProcessesStayAsTheyAreOverReconnects) {
  MjpegServer server(test::plays(2, 200, [](int) { return grey(64, 48); }));
  std::vector<std::size_t> threads, files;
  for (int round = 0; round < 20; ++round) {
    capture(opener(server.url()), options(10, 0));
    threads.push_back(entries("/proc/self/task"));
    files.push_back(entries("/proc/self/fd"));
  }
  EXPECT_LE(threads.back(), threads[4] + 1);
  EXPECT_LE(files.back(), files[4] + 1);
  expect_no_children();
}

TEST(IsolatedSource, AProgramThatIsNotThereIsALoss) {
  const auto told = capture(isolated_opener("http://127.0.0.1/", {"/nowhere/decoder", {}}), options(3, 0));
  EXPECT_EQ(told.end.kind, Kind::lost);
  EXPECT_NE(told.end.why.find("can't be started"), std::string::npos) << told.end.why;
  EXPECT_THROW(decode_for_parent(-1), Error);
}

}  // namespace
}  // namespace vitral::video
