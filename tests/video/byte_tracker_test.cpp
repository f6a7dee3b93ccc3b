#include "video/tracking/byte_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "common/core/error.h"
#include "tests/support/source_dir.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A box of 40x80 whose left edge is at x.
ScoredBox at(double x, double score = 0.9) {
  return {{x, 100, x + 40, 180}, score, 0};
}

std::vector<std::int64_t> ids(const std::vector<Track>& tracks) {
  std::vector<std::int64_t> result;
  for (const auto& track : tracks) result.push_back(track.id);
  return result;
}

std::vector<std::int64_t> step(ByteTracker& tracker, std::vector<ScoredBox> detections, std::int64_t frames = 1) {
  return ids(tracker.update(detections, frames));
}

TEST(ByteTracker, IsFrameForFrameTheAuthors) {
  std::ifstream file(test::source_dir() + "/tests/golden/byte_tracker.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 4u);
  for (const auto& one : cases) {
    TrackerOptions options;
    options.track_threshold = one["track_thresh"];
    options.new_track_threshold = options.track_threshold + 0.1;
    options.match_threshold = one["match_thresh"];
    options.buffer_seconds = one["track_buffer"].get<double>() / 30;
    options.frame_rate = one["frame_rate"];
    ByteTracker tracker(options);
    for (const auto& frame : one["frames"]) {
      std::vector<ScoredBox> detections;
      for (const auto& row : frame["detections"]) {
        const double left = row[0], top = row[1], width = row[2], height = row[3];
        detections.push_back({{left, top, left + width, top + height}, row[4], 0});
      }
      const auto tracks = tracker.update(detections);
      ASSERT_EQ(ids(tracks), frame["ids"].get<std::vector<std::int64_t>>());
      for (std::size_t i = 0; i < tracks.size(); ++i) {
        EXPECT_EQ(detections[tracks[i].detection].score, frame["scores"][i].get<double>());
        if (!frame.contains("boxes")) continue;
        const auto& box = frame["boxes"][i];
        EXPECT_NEAR(tracks[i].box.xmin, box[0].get<double>(), 1e-6);
        EXPECT_NEAR(tracks[i].box.ymin, box[1].get<double>(), 1e-6);
        EXPECT_NEAR(tracks[i].box.xmax, box[2].get<double>(), 1e-6);
        EXPECT_NEAR(tracks[i].box.ymax, box[3].get<double>(), 1e-6);
      }
    }
  }
}

TEST(ByteTracker, ANewTrackIsShownOnceItWasSeenTwice) {
  ByteTracker tracker;
  EXPECT_THAT(step(tracker, {at(0)}), ElementsAre(1)) << "those of the first frame at once";
  EXPECT_THAT(step(tracker, {at(0), at(300)}), ElementsAre(1));
  EXPECT_THAT(step(tracker, {at(0), at(300)}), ElementsAre(1, 2));
  EXPECT_THAT(step(tracker, {at(0), at(300), at(600)}), ElementsAre(1, 2));
  EXPECT_THAT(step(tracker, {at(0), at(300)}), ElementsAre(1, 2));
  EXPECT_THAT(step(tracker, {at(0), at(300), at(600)}), ElementsAre(1, 2))
      << "the third was dropped, its id is used up";
  EXPECT_THAT(step(tracker, {at(0), at(300), at(600)}), ElementsAre(1, 2, 4));
}

TEST(ByteTracker, AWeakDetectionKeepsATrackButStartsNone) {
  ByteTracker tracker;
  step(tracker, {at(0)});
  EXPECT_THAT(step(tracker, {at(1, 0.2), at(300, 0.2)}), ElementsAre(1));
  EXPECT_THAT(step(tracker, {at(2, 0.1), at(300, 0.2)}), IsEmpty()) << "0.1 is not above the threshold";
  EXPECT_THAT(step(tracker, {at(3, 0.2)}), IsEmpty()) << "what is lost needs a sure detection";
  EXPECT_THAT(step(tracker, {at(4, 0.55)}), ElementsAre(1));
  ByteTracker unsure;
  EXPECT_THAT(step(unsure, {at(0, 0.59)}), IsEmpty()) << "below the score of a new track";
  EXPECT_EQ(unsure.size(), 0u);
}

TEST(ByteTracker, RemembersForTheBuffer) {
  TrackerOptions options;
  options.buffer_seconds = 0.5;
  options.frame_rate = 10;  // five frames
  for (const auto& [missing, expected] : {std::pair(5, true), std::pair(7, false)}) {
    ByteTracker tracker(options);
    for (int i = 0; i < 3; ++i) step(tracker, {at(0)});
    for (int i = 0; i < missing; ++i) EXPECT_THAT(step(tracker, {}), IsEmpty());
    EXPECT_EQ(!step(tracker, {at(0)}).empty(), expected) << missing << " frames";
    EXPECT_EQ(tracker.size(), 1u);
  }
}

TEST(ByteTracker, WhatIsFoundJustAfterItsBufferIsForgottenAtTheNextMiss) {
  TrackerOptions options;
  options.buffer_seconds = 0.1;  // three frames
  ByteTracker tracker(options);
  step(tracker, {at(0)});
  for (int i = 0; i < 4; ++i) step(tracker, {});
  EXPECT_THAT(step(tracker, {at(0)}), ElementsAre(1));
  step(tracker, {});
  EXPECT_EQ(tracker.size(), 0u);
}

TEST(ByteTracker, CarriesMotionOverDroppedFrames) {
  ByteTracker every, some;
  for (int frame = 0; frame < 20; ++frame) step(every, {at(20.0 * frame)}), step(some, {at(20.0 * frame)});
  EXPECT_THAT(step(some, {at(20.0 * 25)}, 6), ElementsAre(1)) << "five frames were dropped";
  EXPECT_THAT(step(every, {at(20.0 * 25)}), IsEmpty()) << "as the next frame this is a leap";
  EXPECT_THAT(step(some, {at(20.0 * 26)}, 40), IsEmpty()) << "longer than the buffer";
  EXPECT_EQ(some.size(), 1u) << "only what was started anew";
}

TEST(ByteTracker, KeepsNeitherWhatIsBrokenNorWhatIsGone) {
  ByteTracker tracker;
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(step(tracker, {{{0, 0, 0, 10}, 0.9, 0},
                             {{0, 0, 10, -1}, 0.9, 0},
                             {{nan, 0, 10, 10}, 0.9, 0},
                             {{0, 0, infinity, 10}, 0.9, 0},
                             {{0, 0, 10, 10}, nan, 0},
                             at(0)}),
              ElementsAre(1));
  std::mt19937 random(1);
  std::size_t most = 0;
  for (int frame = 0; frame < 20'000; ++frame) {
    std::vector<ScoredBox> detections;
    for (int i = 0; i < 5; ++i) detections.push_back(at(static_cast<double>(random() % 100'000)));
    tracker.update(detections);
    most = std::max(most, tracker.size());
  }
  EXPECT_LT(most, 5u * 32);
}

TEST(ByteTracker, TrackersDoNotKnowOfEachOther) {
  ByteTracker left, right;
  EXPECT_THAT(step(left, {at(0)}), ElementsAre(1));
  EXPECT_THAT(step(right, {at(0)}), ElementsAre(1));
}

TEST(ByteTracker, RefusesOptionsThatMakeNoSense) {
  const auto refused = [](auto change) {
    TrackerOptions options;
    change(options);
    try {
      ByteTracker tracker(options);
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::usage;
    }
  };
  EXPECT_FALSE(refused([](TrackerOptions&) {}));
  EXPECT_TRUE(refused([](TrackerOptions& options) { options.track_threshold = std::nan(""); }));
  EXPECT_TRUE(refused([](TrackerOptions& options) { options.buffer_seconds = -1; }));
  EXPECT_TRUE(refused([](TrackerOptions& options) { options.frame_rate = 0; }));
  EXPECT_TRUE(refused([](TrackerOptions& options) { options.frame_rate = std::numeric_limits<double>::infinity(); }));
}

}  // namespace
}  // namespace vitral
