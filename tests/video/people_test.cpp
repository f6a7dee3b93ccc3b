// People of a fixed camera: what remains of candidates over time, and the detectors behind them on drawn frames.
#include <gmock/gmock.h>

#include "common/image/canvas.h"
#include "video/people/agreement.h"
#include "video/people/candidates.h"

namespace vitral::video {
namespace {

using Frames = std::vector<std::vector<PersonCandidate>>;

Box walking(std::size_t frame) {
  return {10.0 + 3.0 * static_cast<double>(frame), 20, 40.0 + 3.0 * static_cast<double>(frame), 100};
}

TEST(Agreement, FollowsAPersonAndFillsTheGaps) {
  Frames frames(30);
  for (std::size_t i = 5; i < 25; ++i) {
    if (i != 12 && i != 13) frames[i].push_back({walking(i), i % 3 == 0});
  }
  const auto people = agree_over_time(frames);
  for (std::size_t i = 0; i < 30; ++i) {
    ASSERT_EQ(people[i].size(), i >= 5 && i < 25 ? 1u : 0u) << i;
    if (people[i].empty()) continue;
    EXPECT_NEAR(people[i][0].xmin, walking(i).xmin, 1e-9) << i;
    EXPECT_NEAR(people[i][0].ymax, 100, 1e-9);
  }
}

TEST(Agreement, LeavesOutTheUnconfirmedAndTheShort) {
  Frames frames(40);
  for (std::size_t i = 0; i < 40; ++i) {
    frames[i].push_back({{200, 50, 230, 120}, i == 7});                // moves, but is no person
    if (i < 8) frames[i].push_back({walking(i), true});                // a person for too short
    if (i % 9 == 0) frames[i].push_back({{400, 50, 430, 120}, true});  // comes and goes
  }
  for (const auto& frame : agree_over_time(frames)) EXPECT_TRUE(frame.empty());
}

TEST(Agreement, KeepsTwoThatCrossApart) {
  Frames frames(41);
  const auto other = [](std::size_t i) {
    return Box{130.0 - 3.0 * static_cast<double>(i), 24, 160.0 - 3.0 * static_cast<double>(i), 104};
  };
  for (std::size_t i = 0; i < 41; ++i) {
    frames[i].push_back({walking(i), true});
    frames[i].push_back({other(i), true});
    if (i % 2 == 1) std::swap(frames[i][0], frames[i][1]);
  }
  const auto people = agree_over_time(frames);
  for (std::size_t i = 0; i < 41; ++i) {
    ASSERT_EQ(people[i].size(), 2u) << i;
    EXPECT_NEAR(people[i][0].xmin, walking(i).xmin, 4) << i;
    EXPECT_NEAR(people[i][1].xmin, other(i).xmin, 4) << i;
  }
}

TEST(PeopleFinder, SeesWhatMovesAndNotTheBackground) {
  const auto frame_of = [](int step) {
    auto frame = image::Image::uninitialized(320, 240);
    for (std::size_t i = 0; i < frame.pixels.size(); ++i)
      frame.pixels[i] = static_cast<std::uint8_t>(90 + (i * 2654435761u >> 28));
    if (step >= 0) image::Canvas(frame).fill({40 + 4 * step, 80, 30, 80}, {220, 30, 30});
    return frame;
  };
  PeopleFinder finder;
  for (int i = 0; i < 60; ++i) finder.learn(frame_of(-1));
  for (int step = 0; step < 10; ++step) {
    const auto candidates = finder.find(frame_of(step));
    ASSERT_EQ(candidates.size(), 1u) << step;
    EXPECT_NEAR(candidates[0].box.xmin, 40 + 4 * step, 2);
    EXPECT_NEAR(candidates[0].box.width(), 30, 4);
    EXPECT_NEAR(candidates[0].box.height(), 80, 4);
  }
  EXPECT_TRUE(finder.find(frame_of(-1)).empty());
}

}  // namespace
}  // namespace vitral::video
