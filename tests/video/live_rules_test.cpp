// Addresses, times and tries of live sources.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/core/error.h"
#include "video/live/media_clock.h"
#include "video/live/protocols.h"
#include "video/live/reconnect.h"

namespace vitral::video {
namespace {

TEST(Protocols, OnlyThoseOfTheListAreRead) {
  for (const char* url : {"rtsp://cam/1", "rtmp://h/a", "http://h", "HTTPS://h/x", "udp://@:1234", "tcp://h:1"}) {
    EXPECT_TRUE(names_url(url)) << url;
    EXPECT_EQ(protocols_for(url).find("file"), std::string::npos) << url;
  }
  for (const char* url : {"file:///etc/passwd", "concat://a", "gopher://h", "ftp://h/v.mp4", "pipe://0"}) {
    EXPECT_TRUE(names_url(url)) << url;
    EXPECT_THROW(protocols_for(url), Error) << url;
  }
  for (const char* path : {"a.mp4", "/x/y.mp4", "C://", "://", "1x://a", "", "dir/a://b"}) {
    EXPECT_EQ(names_url(path), std::string(path) == "C://") << path;
  }
}

TEST(Protocols, PasswordsStayOutOfMessages) {
  EXPECT_EQ(without_password("rtsp://me:secret@cam:554/1"), "rtsp://me:***@cam:554/1");
  EXPECT_EQ(without_password("rtsp://me:se@cret@cam/1"), "rtsp://me:***@cam/1");
  EXPECT_EQ(without_password("rtsp://cam:554/a@b:c"), "rtsp://cam:554/a@b:c");
  EXPECT_EQ(without_password("rtsp://me@cam:554/"), "rtsp://me@cam:554/");
  EXPECT_EQ(without_password("a:b@c.mp4"), "a:b@c.mp4");
}

TEST(MediaClock, FollowsTheSourceAndFallsBackOnArrival) {
  MediaClock clock;
  EXPECT_EQ(clock.stamp(5000, 100), 0);
  EXPECT_EQ(clock.stamp(5040, 150), 40);
  EXPECT_EQ(clock.stamp(std::nullopt, 180), 70);
  EXPECT_EQ(clock.stamp(9000, 200), 90) << "nothing to compare with";
  EXPECT_EQ(clock.stamp(9033, 240), 123);
}

TEST(MediaClock, JumpsAreNotFollowed) {
  MediaClock clock;
  double last = clock.stamp(0, 0), arrival = 0;
  const double hour = 3.6e6;
  for (const double own : {40.0, 80.0, 80.0 + hour, 120.0 + hour, 160.0, 200.0, -3.7e20, std::nan(""),
                           std::numeric_limits<double>::infinity(), 240.0, 240.0, 280.0}) {
    const double now = clock.stamp(own, arrival += 40);
    EXPECT_GT(now, last) << own;
    EXPECT_LE(now, last + 40) << own;
    last = now;
  }
}

TEST(MediaClock, ANewConnectionGoesOnWhereTheLastOneEnded) {
  MediaClock clock;
  clock.stamp(90'000, 0);
  clock.stamp(90'040, 40);
  clock.reconnected();
  EXPECT_EQ(clock.stamp(0, 5'040), 5'040);
  EXPECT_EQ(clock.stamp(40, 5'090), 5'080);
  EXPECT_GT(clock.stamp(40, 5'090), 5'080) << "rises even where no time passed";
}

TEST(Reconnect, WaitsDoubleUpToHalfAMinute) {
  Reconnect reconnect(100, 7);
  double expected = 0.5;
  for (int i = 0; i < 40; ++i, expected = std::min(2 * expected, 30.0)) {
    ASSERT_TRUE(reconnect.again());
    const double wait = reconnect.wait_s();
    EXPECT_GE(wait, 0.8 * expected);
    EXPECT_LE(wait, std::min(1.2 * expected, 30.0));
  }
  reconnect.succeeded();
  EXPECT_LE(reconnect.wait_s(), 0.6);
}

TEST(Reconnect, CountsTriesInARow) {
  EXPECT_FALSE(Reconnect(0, 1).again());
  Reconnect two(2, 1);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(two.again());
      two.wait_s();
    }
    EXPECT_FALSE(two.again());
    two.succeeded();
  }
}

}  // namespace
}  // namespace vitral::video
