#include <fstream>

#include "common/image/decode.h"
#include "tests/apps/spots_fixture.h"
#include "tests/support/source_dir.h"
#include "video/media/source.h"
#include "video/media/writer.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Track : public SpotsTest {
 protected:
  /// A red square that walks right and a green one that walks left; the green one is hidden in the frames 10 to 12.
  void save_walkers(const std::string& name, int frames = 30) {
    video::Writer writer(folder / name, {240, 120, {25, 1}}, true);
    for (int i = 0; i < frames; ++i) {
      std::vector<Spot> spots{{0, 4 * i, 8, 40, 40}};
      if (i < 10 || i > 12) spots.push_back({1, 200 - 4 * i, 64, 40, 40});
      writer.write(scene(240, 120, spots), 40.0 * i);
    }
    writer.finish();
  }
  Outcome track(std::vector<std::string> inputs, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments{"track", "-m", "./model.safetensors"};
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return run_any(arguments);
  }
};

std::set<std::int64_t> ids_of(const std::vector<json>& all, const std::string& label) {
  std::set<std::int64_t> ids;
  for (const auto& record : all) {
    if (!record.contains("detections")) continue;
    for (const auto& detection : record["detections"]) {
      if (detection.at("label") == label) ids.insert(detection.at("track_id").get<std::int64_t>());
    }
  }
  return ids;
}

TEST_F(Track, IdsStayOverAGap) {
  save_walkers("v.mp4");
  const auto all = records(track({"v.mp4"}, {"--json", "-"}));
  ASSERT_EQ(all.size(), 31u);
  EXPECT_EQ(ids_of(all, "red").size(), 1u);
  EXPECT_EQ(ids_of(all, "green").size(), 1u);
  EXPECT_NE(ids_of(all, "red"), ids_of(all, "green"));
  EXPECT_EQ(all[5].at("detections").size(), 2u);
  EXPECT_EQ(all[11].at("detections").size(), 1u);
  EXPECT_NEAR(all[20]["detections"][0]["box"]["xmin"].get<double>(), 80, 3);
  EXPECT_EQ(all.back().at("frames_out"), 30);
}

TEST_F(Track, AShortBufferForgets) {
  save_walkers("v.mp4");
  EXPECT_EQ(ids_of(records(track({"v.mp4"}, {"--json", "-", "--track-buffer", "40ms"})), "green").size(), 2u);
  spit(folder / "t.toml", "buffer = \"40ms\"\n");
  EXPECT_EQ(ids_of(records(track({"v.mp4"}, {"--json", "-", "--tracker", "t.toml"})), "green").size(), 2u);
  EXPECT_EQ(
      ids_of(records(track({"v.mp4"}, {"--json", "-", "--tracker", "t.toml", "--track-buffer", "1s"})), "green").size(),
      1u);
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{{"track = 2", "track"},
                                                                                   {"bufer = \"1s\"", "buffer"},
                                                                                   {"[a]\ntrack = 0.5", "t.toml"},
                                                                                   {"fuse_score = 3", "fuse"}}) {
    spit(folder / "t.toml", text + "\n");
    const auto outcome = track({"v.mp4"}, {"--tracker", "t.toml"});
    EXPECT_EQ(outcome.code, 2) << text;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(track({"v.mp4"}, {"--track-buffer", "1 week"}).code, 2);
}

TEST_F(Track, SourcesHaveTracksOfTheirOwn) {
  save_walkers("v.mp4");
  save_walkers("w.mp4");
  const auto all = records(track({"v.mp4", "w.mp4"}, {"--json", "-", "--mot", "mot"}));
  ASSERT_EQ(all.size(), 61u);
  EXPECT_EQ(ids_of(all, "red").size(), 1u) << "the first of each source";
  EXPECT_EQ(slurp(folder / "mot/v.txt"), slurp(folder / "mot/w.txt"));
}

TEST_F(Track, WritesMotTextAndAVideo) {
  save_walkers("v.mp4", 12);
  ASSERT_EQ(track({"v.mp4"}, {"--mot", "v.txt", "-o", "out.mp4", "-q"}).code, 0);
  const auto text = lines(slurp(folder / "v.txt"));
  ASSERT_EQ(text.size(), 12u + 10u);
  EXPECT_EQ(text[0].substr(0, 4), "1,1,");
  EXPECT_TRUE(text[0].ends_with(",-1,-1,-1")) << text[0];
  EXPECT_EQ(text.back().substr(0, 5), "12,1,");
  const auto drawn = video::open_source(folder / "out.mp4");
  std::size_t frames = 0;
  image::Image last;
  for (; drawn->next(); ++frames) last = drawn->picture();
  EXPECT_EQ(frames, 12u);
  // The way of the red square's foot: (20 … 64, 48), left of where it is now.
  const auto* trail = last.row(48) + 3 * 30;
  EXPECT_GT(trail[0] + trail[1] + trail[2], 100);
  EXPECT_EQ(track({"v.mp4"}, {"--mot", "v.txt"}).code, 2);
  EXPECT_EQ(track({"v.mp4"}, {"--mot", "v.mp4", "-y"}).code, 2);
}

TEST_F(Track, StridesCountAsFramesThatPassed) {
  save_walkers("v.mp4");
  const auto all = records(track({"v.mp4"}, {"--json", "-", "--vid-stride", "3"}));
  ASSERT_EQ(all.size(), 11u);
  EXPECT_EQ(all[4].at("frame"), 12);
  EXPECT_EQ(ids_of(all, "red").size(), 1u);
  EXPECT_EQ(ids_of(all, "green").size(), 1u);
}

TEST_F(Track, CountsWhatCrossesLinesAndEntersZones) {
  save_walkers("v.mp4");
  // Both squares cross x = 120; in is from the left of an upward line to its right.
  spit(folder / "z.json", R"({"lines":[{"name":"door","from":[120,120],"to":[120,0],"anchor":"center"}],
                              "zones":[{"name":"left","polygon":[[0,0],[130,0],[130,120],[0,120]],"labels":["green"]}]})");
  const auto all = records(track({"v.mp4"}, {"--json", "-", "--zones", "z.json"}));
  std::map<std::string, int> events;
  for (const auto& record : all) {
    if (!record.contains("detections")) continue;
    for (const auto& event : record.at("events"))
      ++events[event.at("event").get<std::string>() + " " + event.at("name").get<std::string>()];
  }
  EXPECT_EQ(events, (std::map<std::string, int>{{"in door", 1}, {"out door", 1}, {"enter left", 1}}));
  const auto& counts = all.back().at("zones").at("v.mp4");
  EXPECT_EQ(counts["lines"][0].at("in"), 1);
  EXPECT_EQ(counts["lines"][0].at("out"), 1);
  EXPECT_EQ(counts["zones"][0].at("inside"), 1);
  spit(folder / "z.json", "{");
  EXPECT_EQ(track({"v.mp4"}, {"--zones", "z.json"}).code, 2);
  EXPECT_EQ(track({"v.mp4"}, {"--zones", "none.json"}).code, 2);
}

TEST_F(Track, TakesVideosOnly) {
  EXPECT_EQ(track({"a.png"}).code, 2);
  EXPECT_EQ(run_any({"track"}).code, 2);
  EXPECT_EQ(run_any({"track", "v.mp4"}).code, 2);
  EXPECT_EQ(track({"nowhere.mp4"}).code, 4);
  save_walkers("v.mp4", 5);
  std::filesystem::create_directories(folder / "clips");
  std::filesystem::copy(folder / "v.mp4", folder / "clips/v.mp4");
  std::filesystem::copy(folder / "a.png", folder / "clips/a.png");
  EXPECT_EQ(records(track({"clips"}, {"--json", "-"})).size(), 6u);
  EXPECT_EQ(records(run({"clips"}, {"--json", "-"})).size(), 7u) << "detect takes the picture too";
}

TEST_F(Track, TheTrackerAloneReadsDetectionsInAnyOrder) {
  // Two objects; nothing in the frames 4 and 5; a weak detection in frame 3.
  const std::string ordered =
      "1,-1,0,0,40,80,0.9\n1,-1,200,0,40,80,0.8\n2,-1,2,0,40,80,0.9\n2,-1,202,0,40,80,0.8\n"
      "3,-1,4,0,40,80,0.3\n6,-1,10,0,40,80,0.9\n6,-1,210,0,40,80,0.8\n";
  spit(folder / "det.txt", ordered);
  ASSERT_EQ(run_any({"track", "--detections", "det.txt", "--mot", "a.txt", "--fps", "25"}).code, 0);
  std::vector<std::string> found;
  for (const auto& line : lines(slurp(folder / "a.txt"))) found.push_back(line.substr(0, 4));
  // As the authors' tracker lists them: those that come back stand in the order in which they were lost.
  EXPECT_EQ(found, (std::vector<std::string>{"1,1,", "1,2,", "2,1,", "2,2,", "3,1,", "6,2,", "6,1,"}));
  std::string backwards;
  for (const auto& line : lines(ordered)) backwards = line + "\n" + backwards;
  spit(folder / "back.txt", backwards);
  ASSERT_EQ(run_any({"track", "--detections", "back.txt", "--mot", "b.txt", "--fps", "25"}).code, 0);
  EXPECT_EQ(lines(slurp(folder / "b.txt")).size(), 7u);
  spit(folder / "bad.txt", "1,-1,0,0,40,80,0.9\n2,-1,x,0,40,80,0.9\n");
  const auto bad = run_any({"track", "--detections", "bad.txt", "--mot", "c.txt"});
  EXPECT_EQ(bad.code, 4);
  EXPECT_NE(bad.err.find("bad.txt"), std::string::npos);
  EXPECT_NE(bad.err.find("2"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "c.txt"));
  EXPECT_EQ(run_any({"track", "--detections", "det.txt"}).code, 2);
  EXPECT_EQ(run_any({"track", "--detections", "det.txt", "--mot", "a.txt"}).code, 2);
  EXPECT_EQ(run_any({"track", "--detections", "det.txt", "--mot", "det.txt", "-y"}).code, 2);
  EXPECT_EQ(run_any({"track", "--detections", "det.txt", "v.mp4", "--mot", "d.txt"}).code, 2);
  spit(folder / "none.txt", "");
  EXPECT_EQ(run_any({"track", "--detections", "none.txt", "--mot", "e.txt"}).code, 0);
  EXPECT_EQ(slurp(folder / "e.txt"), "");
}

TEST_F(Track, EvalGivesTheScoresOfFilesAndFolders) {
  std::ifstream file(test::source_dir() + "/tests/golden/mot_metrics.json");
  const auto golden = json::parse(file);
  for (const auto& one : golden) {
    const std::string set = "set" + std::to_string(&one - &golden[0]);
    std::filesystem::create_directories(folder / set / "results");
    for (std::size_t i = 0; i < one.at("sequences").size(); ++i) {
      const auto& sequence = one["sequences"][i];
      const std::string name = "s" + std::to_string(i);
      std::filesystem::create_directories(folder / set / "truth" / name / "gt");
      spit(folder / set / "truth" / name / "gt/gt.txt", sequence[0]);
      spit(folder / set / "truth" / name / "seqinfo.ini",
           "[Sequence]\nseqLength=" + std::to_string(sequence[2].get<int>()) + "\n");
      spit(folder / set / "results" / (name + ".txt"), sequence[1]);
    }
    const auto outcome = run_any({"eval", "--task", "track", "--gt", set + "/truth", "--dt", set + "/results",
                                  "--mot-rules", one.at("rules"), "--json", "-"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto report = json::parse(outcome.out);
    EXPECT_EQ(report.at("sequences").size(), one["sequences"].size());
    for (const auto& [name, value] : one.at("scores").items()) {
      double expected = 0;
      if (value.is_array()) {
        for (const auto& part : value) expected += part.get<double>() / static_cast<double>(value.size());
      } else {
        expected = value;
      }
      EXPECT_NEAR(report["stats"].at(name).get<double>(), expected, 1e-9) << name;
    }
    EXPECT_EQ(run_any({"eval", "--task", "track", "--gt", set + "/truth", "--dt", set + "/results", "--mot-rules",
                       one.at("rules"), "--fail-under", "hota=0.999"})
                  .code,
              6);
  }
  const auto single =
      run_any({"eval", "--task", "track", "--gt", "set0/truth/s0/gt/gt.txt", "--dt", "set0/results/s0.txt"});
  EXPECT_EQ(single.code, 0) << single.err;
  EXPECT_NE(single.out.find("HOTA"), std::string::npos);
  EXPECT_EQ(run_any({"eval", "--task", "track", "--gt", "set0/truth", "--dt", "set0/results/s0.txt"}).code, 2);
  EXPECT_EQ(run_any({"eval", "--task", "track", "--gt", "set0/truth"}).code, 2);
  std::filesystem::remove(folder / "set0/results/s0.txt");
  EXPECT_EQ(run_any({"eval", "--task", "track", "--gt", "set0/truth", "--dt", "set0/results"}).code, 4);
}

}  // namespace
}  // namespace vitral::test
