#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "common/core/error.h"
#include "common/http/server.h"
#include "common/image/decode.h"
#include "video/sinks/crop_folder.h"
#include "video/sinks/webhook.h"

namespace vitral::video {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

TEST(Spool, DoesAllWorkInItsOrder) {
  std::vector<int> seen;
  Spool<int> spool({8, 3, 5s}, [&](std::vector<int>& values, const auto&) {
    EXPECT_LE(values.size(), 3u);
    seen.insert(seen.end(), values.begin(), values.end());
    return true;
  });
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(spool.offer(i));
  EXPECT_EQ(spool.finish(10s).done, 1'000u);
  ASSERT_EQ(seen.size(), 1'000u);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
  EXPECT_FALSE(spool.offer(7));
}

TEST(Spool, ADeadOutputIsWaitedForOnce) {
  // Shared with the thread that is left behind.
  auto let_go = std::make_shared<std::atomic<bool>>(false);
  SpoolCounts counts;
  {
    Spool<int> spool({4, 1, 200ms}, [let_go](auto&, const auto&) {
      while (!*let_go) std::this_thread::sleep_for(1ms);
      return true;
    });
    const auto begin = Clock::now();
    for (int i = 0; i < 1'000; ++i) spool.offer(i);
    EXPECT_LT(seconds_since(begin), 1.5);
    counts = spool.finish(100ms);
    EXPECT_LT(seconds_since(begin), 4);
  }
  EXPECT_EQ(counts.done + counts.failed, 0u);
  EXPECT_EQ(counts.dropped, 1'000u);
  *let_go = true;
  std::this_thread::sleep_for(50ms);
}

TEST(Spool, WhatTheOutputRefusesHasFailed) {
  Spool<int> spool({100, 1, 1s}, [](std::vector<int>& values, const auto&) {
    if (values[0] == 3) throw Error(ErrorKind::failed, "disk", "is full");
    return values[0] % 2 == 0;
  });
  for (int i = 0; i < 10; ++i) spool.offer(i);
  const auto counts = spool.finish(10s);
  EXPECT_EQ(counts.done, 5u);
  EXPECT_EQ(counts.failed, 5u);
  EXPECT_EQ(counts.dropped, 0u);
}

TEST(Webhook, TriesAgainUntilTheOtherSideTakesIt) {
  http::Server server({"127.0.0.1", 0, "--port", 2, {}});
  std::atomic<int> requests = 0;
  std::string got;
  server.Post("/", [&](const httplib::Request& request, httplib::Response& response) {
    response.status = ++requests <= 2 ? 503 : 200;
    if (response.status == 200) got += request.body;
  });
  server.start();
  auto spool = webhook(http::Poster(server.url(), "", "--webhook"), {.first_wait = 20ms});
  for (int i = 0; i < 20; ++i) spool->offer(std::to_string(i) + "\n");
  EXPECT_EQ(spool->finish(20s).done, 20u);
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(got, expected);
}

TEST(Webhook, WhatIsRefusedForGoodIsNotTriedAgain) {
  http::Server server({"127.0.0.1", 0, "--port", 2, {}});
  std::atomic<int> requests = 0;
  server.Post("/", [&](const httplib::Request&, httplib::Response& response) {
    ++requests;
    response.status = 404;
  });
  server.start();
  auto spool = webhook(http::Poster(server.url(), "", "--webhook"), {.most = 1, .first_wait = 10s});
  spool->offer("a\n");
  spool->offer("b\n");
  EXPECT_EQ(spool->finish(10s).failed, 2u);
  EXPECT_EQ(requests, 2);
}

TEST(Webhook, NobodyThereHoldsUpNobody) {
  int port = 0;
  {
    http::Server server({"127.0.0.1", 0, "--port", 2, {}});
    server.start();
    port = server.port();
  }
  auto spool = webhook(http::Poster("http://127.0.0.1:" + std::to_string(port), "", "--webhook"), {.bound = 10});
  const auto begin = Clock::now();
  for (int i = 0; i < 1'000; ++i) spool->offer("x\n");
  EXPECT_LT(seconds_since(begin), 1);
  const auto counts = spool->finish(300ms);
  EXPECT_LT(seconds_since(begin), 4);
  EXPECT_EQ(counts.done, 0u);
  EXPECT_EQ(counts.failed + counts.dropped, 1'000u);
}

TEST(CropFolder, WritesAFileAnObjectBelowItsClass) {
  const auto folder = std::filesystem::temp_directory_path() / ("vitral-crops-" + std::to_string(getpid()));
  auto picture = image::Image::uninitialized(20, 10);
  std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{77});
  auto crops = crop_folder(folder, false, 5s);
  crops->offer({"person", "a_1_0", picture});
  crops->offer({"../up/../there", "a_1_1", picture});
  crops->offer({"person", "a_1_0", picture});  // is there already
  const auto counts = crops->finish(10s);
  EXPECT_EQ(counts.done, 2u);
  EXPECT_EQ(counts.failed, 1u);
  const auto written = image::read_image(folder / "person/a_1_0.jpg");
  EXPECT_EQ(written.width, 20);
  EXPECT_NEAR(written.pixels[0], 77, 2);
  EXPECT_TRUE(std::filesystem::exists(folder / "_.._up_.._there/a_1_1.jpg"));
  EXPECT_EQ(file_name(""), "_");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vitral::video
