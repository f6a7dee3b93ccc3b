#include "video/live/camera.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/video/told.h"
#include "video/live/demuxed_source.h"
#include "video/live/live_opener.h"

namespace vitral::video {
namespace {

namespace fs = std::filesystem;
using test::capture, test::options;
using Kind = LiveEnd::Kind;

/// FFmpeg's input of the given name; nothing where this machine has none.
const AVInputFormat* input(const char* name) {
  try {
    return &input_device(name, "test");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("libavdevice"), std::string::npos) << error.what();
    return nullptr;
  }
}

TEST(Camera, NamesAreNumbersAndDevices) {
  for (const char* name : {"0", "17", "/dev/video0", "/dev/video12", "/dev/v4l/by-id/usb-x"})
    EXPECT_TRUE(names_camera(name)) << name;
  for (const char* name : {"", "-1", "1234", "0.png", "a", "/dev/video", "/dev/videox", "/dev/video0/x", "/dev/null",
                           "/home/dev/video0", "dev/video0"})
    EXPECT_FALSE(names_camera(name)) << name;
  EXPECT_EQ(camera_device("3"), "/dev/video3");
  EXPECT_EQ(camera_device("03"), "/dev/video3");
  EXPECT_EQ(camera_device("/dev/video4"), "/dev/video4");
}

TEST(Camera, AFileOfThatNameIsAFile) {
  const auto before = fs::current_path();
  const auto folder = fs::temp_directory_path() / ("vitral-camera-" + std::to_string(::getpid()));
  fs::create_directory(folder);
  fs::current_path(folder);
  EXPECT_TRUE(names_camera("7"));
  std::ofstream("7") << "x";
  EXPECT_FALSE(names_camera("7"));
  EXPECT_TRUE(names_camera("8"));
  fs::current_path(before);
  fs::remove_all(folder);
}

TEST(Camera, WhatIsWrongIsSaidOnceAndNamesTheDevice) {
  if (input("v4l2") == nullptr) GTEST_SKIP() << "libavdevice is not on this machine";
  const auto missing = capture(live_opener("987"), options(5, 5));
  EXPECT_EQ(missing.end.kind, Kind::unreadable);
  EXPECT_EQ(missing.end.why, "/dev/video987: there is no such camera on this machine");
  EXPECT_TRUE(missing.lost.empty());
  // A regular file and a device that is no camera, in the places of cameras.
  const auto file = fs::temp_directory_path() / ("vitral-video-" + std::to_string(::getpid()));
  std::ofstream(file) << "x";
  for (const std::string& path : {file.string(), std::string("/dev/null"), std::string("/")}) {
    const auto told = capture(camera_opener(path), options(5, 5));
    EXPECT_EQ(told.end.kind, Kind::unreadable) << told.end.why;
    EXPECT_TRUE(told.end.why.starts_with(path + ": is no camera")) << told.end.why;
  }
  fs::remove(file);
}

TEST(Camera, RefusalsSayWhatToDo) {
  const auto access = camera_refusal("/dev/video0", AVERROR(EACCES));
  EXPECT_EQ(access.kind(), ErrorKind::input);
  EXPECT_NE(std::string(access.what()).find("group video"), std::string::npos);
  EXPECT_EQ(camera_refusal("/dev/video0", AVERROR(EBUSY)).kind(), ErrorKind::lost);
  EXPECT_EQ(camera_refusal("/dev/video0", AVERROR(EIO)).kind(), ErrorKind::lost);
  EXPECT_EQ(camera_refusal("/dev/video1", AVERROR(ENODEV)).kind(), ErrorKind::input);
}

/// No machine that tests has a camera: a device that makes pictures goes the same way.
TEST(Camera, ADeviceGivesPicturesAndItsEndIsALoss) {
  const auto* device = input("lavfi");
  if (device == nullptr) GTEST_SKIP() << "libavdevice is not on this machine";
  const Demuxed what{"camera", "color=c=red:size=64x48:rate=10:duration=1", device, {}, camera_refusal};
  const auto told = capture([what](const Deadline& deadline) { return open_demuxed(what, deadline); }, options(10, 0));
  ASSERT_EQ(told.frames.size(), 10u) << told.end.why;
  EXPECT_EQ(told.end.kind, Kind::lost);
  for (const auto& frame : told.frames) {
    EXPECT_EQ(frame.picture.width, 64);
    EXPECT_EQ(frame.picture.height, 48);
    EXPECT_NEAR(frame.picture.row(20)[60], 253, 4);
    EXPECT_LT(frame.picture.row(20)[61], 5);
  }
  EXPECT_NEAR(told.frames[9].t_ms, 900, 1);
  const Demuxed wrong{"camera", "nonsense", device, {}, camera_refusal};
  EXPECT_EQ(
      capture([wrong](const Deadline& deadline) { return open_demuxed(wrong, deadline); }, options(5, 0)).end.kind,
      Kind::unreadable);
}

}  // namespace
}  // namespace vitral::video
