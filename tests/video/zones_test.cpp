#include "video/tracking/zones.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "common/core/error.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "door:in 7" for each event.
std::vector<std::string> texts(const std::vector<ZoneEvent>& events) {
  std::vector<std::string> result;
  for (const auto& event : events) {
    result.push_back(event.name + ":" + std::string(to_string(event.kind)) + " " + std::to_string(event.track_id));
  }
  return result;
}

Box around(double x, double y, double half_width = 10, double half_height = 20) {
  return {x - half_width, y - half_height, x + half_width, y + half_height};
}

std::vector<std::string> step(ZoneCounter& counter, std::vector<TrackedObject> objects, std::int64_t frames = 1) {
  return texts(counter.update(objects, frames));
}

Scene a_line(Anchor anchor, int frames = 1, std::vector<std::string> labels = {}) {
  return {{{"door", {100, 200}, {300, 200}, anchor, frames, std::move(labels)}}, {}};
}

Scene a_square(Anchor anchor, int frames = 1) {
  return {{}, {{"hall", {{100, 100}, {200, 100}, {200, 200}, {100, 200}}, anchor, frames, {}}}};
}

/// Places along and across a line (across: right of it above 0), for lines of any direction.
struct LineFrame {
  Point from;
  double length, angle;
  Point at(double along, double across) const {
    const double c = std::cos(angle), s = std::sin(angle);
    return {from.x + along * length * c - across * s, from.y + along * length * s + across * c};
  }
};

/// A walk by way of some places, and what has to be counted.
struct Walk {
  std::vector<Point> way;  // x: share of the line's length, y: pixels across
  std::size_t in, out;
  bool switches_id = false;  // in the middle, on the line
};

Walk draw_walk(std::mt19937& random) {
  const auto between = [&](double least, double most) { return std::uniform_real_distribution(least, most)(random); };
  const double side = random() % 2 == 0 ? 1 : -1;  // where it starts
  const double along = between(0.2, 0.8), far = between(60, 200);
  const std::size_t in = side < 0 ? 1 : 0, out = 1 - in;
  switch (random() % 7) {
    case 0:
      return {{{along, side * far}, {along + between(-0.1, 0.1), -side * far}}, in, out};  // crosses
    case 1:
      return {{{along, side * far}, {along, between(-8, 8)}, {along, side * far}}, 0, 0};  // touches
    case 2:
      return {{{-0.5, side * far}, {1.5, side * far}}, 0, 0};  // passes along
    case 3:
      return {{{0.5, side * far}, {1.8, side * far}, {1.8, -side * far}, {0.5, -side * far}}, 0, 0};  // walks around
    case 4:
      return {{{along, side * far}, {along, -side * far}, {along, side * far}}, 1, 1};  // and back
    case 5:
      return {{{along, side * far}, {along, 0}, {along + 0.05, 0}, {along, -side * far}}, in, out};  // stands on it
    default:
      return {{{along, side * far}, {along, 0}, {along, -side * far}}, 0, 0, true};  // becomes another
  }
}

TEST(ZoneCounter, CountsTwoHundredScriptedWalks) {
  std::mt19937 random(1);
  std::normal_distribution<double> jitter(0, 1.5);
  std::size_t crossings = 0;
  for (int i = 0; i < 200; ++i) {
    const LineFrame frame{{400, 300}, 400, 2 * std::numbers::pi * static_cast<double>(random() % 16) / 16};
    const Walk walk = draw_walk(random);
    crossings += walk.in + walk.out;
    ZoneCounter counter({{{"line", frame.at(0, 0), frame.at(1, 0), Anchor::box, 1, {}}}, {}}, 30);
    std::int64_t id = 1;
    for (std::size_t leg = 0; leg + 1 < walk.way.size(); ++leg) {
      const Point &a = walk.way[leg], &b = walk.way[leg + 1];
      const int steps = 5 + static_cast<int>(random() % 40);
      for (int s = 0; s <= steps; ++s) {
        const double share = static_cast<double>(s) / steps;
        const Point place = frame.at(a.x + share * (b.x - a.x), a.y + share * (b.y - a.y));
        counter.update(
            std::vector<TrackedObject>{{id, around(place.x + jitter(random), place.y + jitter(random)), ""}});
      }
      if (walk.switches_id) id = 2;
    }
    EXPECT_EQ(counter.line_counts()[0].in, walk.in) << "walk " << i;
    EXPECT_EQ(counter.line_counts()[0].out, walk.out) << "walk " << i;
  }
  EXPECT_GT(crossings, 80u);
}

TEST(ZoneCounter, InIsFromLeftToRightOfTheLine) {
  ZoneCounter counter(a_line(Anchor::center), 30);
  step(counter, {{7, around(150, 190), ""}, {8, around(250, 210), ""}});
  EXPECT_THAT(step(counter, {{7, around(150, 210), ""}, {8, around(250, 190), ""}}),
              ElementsAre("door:in 7", "door:out 8"));
  EXPECT_EQ(counter.line_counts()[0].in, 1u);
  EXPECT_EQ(counter.line_counts()[0].out, 1u);
}

TEST(ZoneCounter, ABoxOnTheLineIsOnNeitherSide) {
  ZoneCounter counter(a_line(Anchor::box), 30);
  step(counter, {{1, around(200, 150), ""}});
  for (const double y : {190.0, 205.0, 195.0, 220.0, 180.0})
    EXPECT_THAT(step(counter, {{1, around(200, y), ""}}), IsEmpty());
  EXPECT_THAT(step(counter, {{1, around(200, 221), ""}}), ElementsAre("door:in 1"));
}

TEST(ZoneCounter, TheAnchorDecides) {
  ZoneCounter counter(a_line(Anchor::bottom), 30);
  step(counter, {{1, around(200, 170), ""}});
  EXPECT_THAT(step(counter, {{1, around(200, 180), ""}}), IsEmpty()) << "on the line";
  EXPECT_THAT(step(counter, {{1, around(200, 181), ""}}), ElementsAre("door:in 1"));
}

TEST(ZoneCounter, WaitsForTheFramesAskedFor) {
  ZoneCounter counter(a_line(Anchor::center, 3), 30);
  for (const double y : {190.0, 210.0, 210.0, 190.0, 210.0, 210.0})
    EXPECT_THAT(step(counter, {{1, around(200, y), ""}}), IsEmpty());
  EXPECT_THAT(step(counter, {{1, around(500, 210), ""}}), ElementsAre("door:in 1")) << "where it came through counts";
}

TEST(ZoneCounter, OnlyTheNamedClassesCount) {
  ZoneCounter counter(a_line(Anchor::center, 1, {"person"}), 30);
  step(counter, {{1, around(200, 190), "person"}, {2, around(200, 190), "car"}});
  EXPECT_THAT(step(counter, {{1, around(200, 210), "person"}, {2, around(200, 210), "car"}}), ElementsAre("door:in 1"));
}

TEST(ZoneCounter, ATrackThatWasAwayTooLongStartsAnew) {
  ZoneCounter counter(a_line(Anchor::center), 5);
  step(counter, {{1, around(200, 190), ""}, {2, around(250, 190), ""}});
  step(counter, {{2, around(250, 190), ""}}, 5);
  EXPECT_THAT(step(counter, {{2, around(250, 210), ""}}), ElementsAre("door:in 2"))
      << "one frame later the first is forgotten";
  EXPECT_THAT(step(counter, {{1, around(200, 210), ""}}), IsEmpty());
}

TEST(ZoneCounter, EntersLeavesAndVanishes) {
  ZoneCounter counter(a_square(Anchor::center), 2);
  EXPECT_THAT(step(counter, {{1, around(150, 150), ""}, {2, around(50, 150), ""}}), ElementsAre("hall:enter 1"));
  EXPECT_THAT(step(counter, {{1, around(150, 150), ""}, {2, around(100, 150), ""}}), ElementsAre("hall:enter 2"))
      << "on the border";
  EXPECT_EQ(counter.zone_counts()[0].inside, 2u);
  EXPECT_THAT(step(counter, {{2, around(99, 150), ""}}), ElementsAre("hall:exit 2"));
  EXPECT_THAT(step(counter, {}), IsEmpty());
  EXPECT_THAT(step(counter, {}), ElementsAre("hall:gone 1"));
  EXPECT_EQ(counter.zone_counts()[0].inside, 0u);
  EXPECT_EQ(counter.zone_counts()[0].entered, 2u);
}

TEST(ZoneCounter, AZoneCanAskForTheWholeBoxAndForSomeFrames) {
  ZoneCounter whole(a_square(Anchor::box), 30);
  EXPECT_THAT(step(whole, {{1, around(105, 150), ""}}), IsEmpty());
  EXPECT_THAT(step(whole, {{1, around(111, 150), ""}}), ElementsAre("hall:enter 1"));
  EXPECT_THAT(step(whole, {{1, around(95, 150), ""}}), IsEmpty()) << "partly inside";
  EXPECT_THAT(step(whole, {{1, around(80, 150), ""}}), ElementsAre("hall:exit 1"));
  ZoneCounter patient(a_square(Anchor::center, 2), 30);
  EXPECT_THAT(step(patient, {{1, around(150, 150), ""}}), IsEmpty());
  EXPECT_THAT(step(patient, {{1, around(150, 150), ""}}), ElementsAre("hall:enter 1"));
}

TEST(ZoneCounter, KnowsTheInsideOfAnyPolygon) {
  // A U: its notch is outside, corners on the height of the point do not count twice.
  const Scene scene{
      {}, {{"u", {{0, 0}, {30, 0}, {30, 90}, {60, 90}, {60, 0}, {90, 0}, {90, 120}, {0, 120}}, Anchor::center, 1, {}}}};
  const auto is_inside = [&](double x, double y) {
    ZoneCounter counter(scene, 30);
    return !counter.update(std::vector<TrackedObject>{{1, around(x, y), ""}}).empty();
  };
  for (const double y : {0.0, 45.0, 90.0}) {
    EXPECT_TRUE(is_inside(15, y));
    EXPECT_TRUE(is_inside(75, y));
    EXPECT_FALSE(is_inside(-1, y));
    EXPECT_FALSE(is_inside(91, y));
  }
  EXPECT_FALSE(is_inside(45, 45));
  EXPECT_FALSE(is_inside(45, 0));
  EXPECT_TRUE(is_inside(45, 90));
  EXPECT_TRUE(is_inside(45, 100));
}

TEST(ZoneCounter, MemoryIsBounded) {
  ZoneCounter counter(a_square(Anchor::center), 10);
  std::size_t entered = 0;
  for (std::int64_t id = 0; id < 10'000; ++id) {
    entered += counter.update(std::vector<TrackedObject>{{id, around(150, 150), ""}}).empty() ? 0 : 1;
    ASSERT_LE(counter.zone_counts()[0].inside, 11u);
  }
  EXPECT_EQ(entered, 10'000u);
}

TEST(ZoneCounter, RefusesShapesWithoutSense) {
  EXPECT_THROW(ZoneCounter({{{"a", {1, 1}, {1, 1}, Anchor::box, 1, {}}}, {}}, 1), Error);
  EXPECT_THROW(ZoneCounter(a_line(Anchor::box, 0), 1), Error);
  EXPECT_THROW(ZoneCounter({{}, {{"a", {{0, 0}, {1, 1}}, Anchor::box, 1, {}}}}, 1), Error);
}

}  // namespace
}  // namespace vitral
