#include "video/tracking/zones_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/core/error.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view json) {
  try {
    parse_scene(json, "z.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.subject(), "z.json");
    return error.what();
  }
  return "accepted";
}

TEST(ZonesFile, ReadsLinesAndZones) {
  const Scene scene = parse_scene(
      R"({"lines":[{"name":"door","from":[1,2.5],"to":[-3,4],"anchor":"bottom","frames":3,"labels":["person","car"]},
                   {"name":"gate","from":[0,0],"to":[0,9]}],
          "zones":[{"name":"hall","polygon":[[0,0],[9,0],[9,9]],"anchor":"center"}]})",
      "z.json");
  ASSERT_EQ(scene.lines.size(), 2u);
  EXPECT_EQ(scene.lines[0].name, "door");
  EXPECT_EQ(scene.lines[0].from.y, 2.5);
  EXPECT_EQ(scene.lines[0].to.x, -3);
  EXPECT_EQ(scene.lines[0].anchor, Anchor::bottom);
  EXPECT_EQ(scene.lines[0].frames, 3);
  EXPECT_THAT(scene.lines[0].labels, ElementsAre("person", "car"));
  EXPECT_EQ(scene.lines[1].anchor, Anchor::box);
  EXPECT_EQ(scene.lines[1].frames, 1);
  ASSERT_EQ(scene.zones.size(), 1u);
  EXPECT_EQ(scene.zones[0].polygon.size(), 3u);
  EXPECT_EQ(scene.zones[0].anchor, Anchor::center);
}

TEST(ZonesFile, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(refusal("[1"), HasSubstr("line 1"));
  EXPECT_EQ(refusal("[]"), "z.json: the file is array, expected an object");
  EXPECT_EQ(refusal("{}"), "z.json: the file has neither lines nor zones");
  EXPECT_EQ(refusal(R"({"lines":[],"zone":[]})"), "z.json: the file has the unknown field 'zone'");
  EXPECT_EQ(refusal(R"({"lines":{}})"), "z.json: the file has the field 'lines' as object");
  EXPECT_EQ(refusal(R"({"lines":[3]})"), "z.json: lines[0] is number, expected an object");
  EXPECT_EQ(refusal(R"({"lines":[{"name":"a","from":[0,0]}]})"), "z.json: lines[0] lacks the field 'to'");
  EXPECT_EQ(refusal(R"({"lines":[{"from":[0,0],"to":[1,1]}]})"), "z.json: lines[0] lacks the field 'name'");
  EXPECT_THAT(refusal(R"({"lines":[{"name":"","from":[0,0],"to":[1,1]}]})"), HasSubstr("an empty name"));
  EXPECT_THAT(refusal(R"({"lines":[{"name":"a","from":[0,0],"to":[0,0]}]})"), HasSubstr("lines[0] has no length"));
  EXPECT_THAT(refusal(R"({"lines":[{"name":"a","from":[0,0,0],"to":[0,0]}]})"),
              HasSubstr("the point [0,0,0], expected [x, y]"));
  EXPECT_THAT(refusal(R"({"lines":[{"name":"a","from":[0,"1"],"to":[0,0]}]})"), HasSubstr("expected [x, y]"));
  EXPECT_THAT(refusal(R"({"lines":[{"name":"a","from":[0,1e9],"to":[0,0]}]})"), HasSubstr("expected [x, y]"));
  const std::string line = R"({"lines":[{"name":"a","from":[0,0],"to":[1,0],)";
  EXPECT_THAT(refusal(line + R"("anchor":"top"}]})"), HasSubstr("the anchor 'top', expected box, bottom or center"));
  EXPECT_THAT(refusal(line + R"("frames":0}]})"), HasSubstr("has 0 frames"));
  EXPECT_THAT(refusal(line + R"("frames":1.5}]})"), HasSubstr("has the field 'frames' as number"));
  EXPECT_THAT(refusal(line + R"("labels":[]}]})"), HasSubstr("no labels"));
  EXPECT_THAT(refusal(line + R"("labels":[1]}]})"), HasSubstr("a label that is number"));
  EXPECT_THAT(refusal(line + R"("colour":"red"}]})"), HasSubstr("the unknown field 'colour'"));
  EXPECT_THAT(refusal(line + R"("name":"b"}]})"), HasSubstr("duplicate key 'name'"));
  const std::string zone = R"({"name":"a","polygon":[[0,0],[1,0],[1,1]]})";
  EXPECT_THAT(refusal(R"({"zones":[)" + zone + "," + zone + "]}"),
              HasSubstr("zones[1] has the name 'a' of another one"));
  EXPECT_THAT(refusal(R"({"zones":[{"name":"a","polygon":[[0,0],[1,0]]}]})"),
              HasSubstr("has 2 corners, expected at least 3"));
}

TEST(ZonesFile, WritesEventsAndCounts) {
  EXPECT_EQ(to_json(ZoneEvent{ZoneEvent::Kind::in, "door", 7}).dump(), R"({"event":"in","name":"door","track_id":7})");
  ZoneCounter counter(parse_scene(R"({"lines":[{"name":"door","from":[0,0],"to":[9,0]}],
                                      "zones":[{"name":"hall","polygon":[[0,0],[9,0],[9,9]]}]})",
                                  "z.json"),
                      30);
  counter.update(std::vector<TrackedObject>{{1, {5, 1, 6, 2}, "person"}});
  EXPECT_EQ(counts_json(counter).dump(),
            R"({"lines":[{"name":"door","in":0,"out":0}],"zones":[{"name":"hall","inside":1,"entered":1}]})");
}

}  // namespace
}  // namespace vitral
