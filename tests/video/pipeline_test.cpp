#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/core/error.h"
#include "tests/video/told.h"
#include "video/live/live_opener.h"
#include "video/live/pipeline_source.h"

namespace vitral::video {
namespace {

using test::capture, test::options;
using Kind = LiveEnd::Kind;

const std::string kRed = "videotestsrc num-buffers=10 pattern=red ! video/x-raw,width=64,height=48,framerate=10/1";

/// The opener of a pipeline; nothing where this machine plays none.
LiveOpener opener(const std::string& description) {
  try {
    return live_opener(description);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    return {};
  }
}

TEST(Pipeline, IsWhatHasElementsInARow) {
  EXPECT_TRUE(names_pipeline(kRed));
  EXPECT_TRUE(names_live("v4l2src ! jpegdec"));
  for (const char* name : {"", "a!b.mp4", "what!.mp4", "rtsp://a/b", "0"}) EXPECT_FALSE(names_pipeline(name)) << name;
}

TEST(Pipeline, AFileOfThatNameIsAFile) {
  const auto file = std::filesystem::temp_directory_path() / ("a ! b " + std::to_string(::getpid()));
  EXPECT_TRUE(names_pipeline(file.string()));
  std::ofstream(file) << "x";
  EXPECT_FALSE(names_pipeline(file.string()));
  std::filesystem::remove(file);
}

TEST(Pipeline, GivesItsPicturesAndItsEndIsALoss) {
  // With an end of its own, and grey.
  for (const std::string& whole : {kRed, kRed + " ! videoconvert ! video/x-raw,format=GRAY8 ! appsink sync=false"}) {
    const auto play = opener(whole);
    if (!play) GTEST_SKIP() << "no GStreamer in this machine's OpenCV";
    const auto told = capture(play, options(10, 0));
    ASSERT_EQ(told.frames.size(), 10u) << told.end.why;
    EXPECT_EQ(told.end.kind, Kind::lost);
    EXPECT_NE(told.end.why.find("the pipeline has ended"), std::string::npos) << told.end.why;
    const bool grey = whole != kRed;
    for (const auto& frame : told.frames) {
      ASSERT_EQ(frame.picture.width, 64);
      ASSERT_EQ(frame.picture.height, 48);
      EXPECT_EQ(frame.rate, (Rational{10'000, 1'000}));
      EXPECT_NEAR(frame.picture.row(20)[60], grey ? 76 : 255, 8);
      EXPECT_NEAR(frame.picture.row(20)[61], grey ? 76 : 0, 8);
    }
  }
}

TEST(Pipeline, ComesBackAfterALoss) {
  const auto play = opener(kRed);
  if (!play) GTEST_SKIP() << "no GStreamer in this machine's OpenCV";
  const auto told = capture(play, options(10, 5), 20);
  ASSERT_EQ(told.frames.size(), 20u) << told.end.why;
  EXPECT_EQ(told.frames.back().index, 19u);
  EXPECT_EQ(told.lost.size(), 1u);
}

TEST(Pipeline, WhatGStreamerDoesNotUnderstandIsSaidInItsWords) {
  if (!opener(kRed)) GTEST_SKIP() << "no GStreamer in this machine's OpenCV";
  const auto refusal = [](const std::string& description) {
    try {
      live_opener(description);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refusal("nonsense ! appsink").find("nonsense"), std::string::npos);
  EXPECT_NE(refusal("videotestsrc pattern=red colour=7 ! appsink").find("colour"), std::string::npos);
  // It is understood, but there is no such file.
  const auto told = capture(live_opener("filesrc location=/nowhere ! jpegdec ! videoconvert ! appsink"), options(5, 0));
  EXPECT_EQ(told.end.kind, Kind::lost);
  EXPECT_NE(told.end.why.find("does not begin to play"), std::string::npos) << told.end.why;
}

}  // namespace
}  // namespace vitral::video
