#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/image/decode.h"
#include "common/image/draw.h"
#include "common/runtime/convert.h"
#include "tests/apps/spots_fixture.h"
#include "video/media/source.h"
#include "video/media/writer.h"

namespace vitral::test {
namespace {

using nlohmann::json;

using Detect = SpotsTest;

TEST_F(Detect, WritesTheContractsRecords) {
  const auto all = records(run({"a.png", "b.png"}, {"--json", "-"}));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].at("schema"), "vitral.detections/1");
  EXPECT_EQ(all[0].at("source"), "a.png");
  EXPECT_FALSE(all[0].contains("frame"));
  EXPECT_EQ(all[0].at("size"), json({160, 100}));
  ASSERT_EQ(all[0].at("detections").size(), 2u);
  const auto& best = all[0]["detections"][0];
  EXPECT_EQ(best.at("class_id"), 0);
  EXPECT_EQ(best.at("category_id"), 5);
  EXPECT_EQ(best.at("label"), "red");
  EXPECT_EQ(best.at("score"), 1.0);
  EXPECT_EQ(best.at("box"), box(20, 30, 60, 80));
  EXPECT_EQ(all[1]["detections"][0].at("category_id"), 90);
  EXPECT_EQ(all[1]["detections"][0].at("box"), box(0, 0, 10, 100));
  for (const char* stage : {"decode", "preprocess", "forward", "postprocess"})
    EXPECT_GE(all[0]["timing_ms"].at(stage).get<double>(), 0.0);
  EXPECT_EQ(all[2].at("schema"), "vitral.summary/1");
  EXPECT_EQ(all[2].at("frames_out"), 2);
}

TEST_F(Detect, BatchesOfPaddedPicturesGiveTheSameBoxes) {
  const auto one = records(run({"a.png", "b.png", "a.png"}, {"--json", "-"}));
  const auto three = records(run({"a.png", "b.png", "a.png"}, {"--json", "-", "-b", "3"}));
  ASSERT_EQ(three.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(one[i].at("detections"), three[i].at("detections"));
}

TEST_F(Detect, FiltersByScoreClassAndNumber) {
  const auto found = [&](const std::vector<std::string>& flags) {
    auto all = flags;
    all.insert(all.end(), {"--json", "-"});
    std::vector<std::string> labels;
    const auto first = records(run({"a.png"}, all)).at(0);
    for (const auto& detection : first.at("detections")) labels.push_back(detection.at("label"));
    return labels;
  };
  using Labels = std::vector<std::string>;
  EXPECT_EQ(found({"--conf", "0.9"}), Labels{"red"});
  EXPECT_EQ(found({"--conf", "0.9,green=0.7"}), (Labels{"red", "green"}));
  EXPECT_EQ(found({"--conf", "0.1,0=1,1=0.9"}), Labels{"red"});
  EXPECT_EQ(found({"--classes", "green,blue"}), Labels{"green"});
  EXPECT_EQ(found({"--classes", "1", "--max-det", "1"}), Labels{"green"});
  EXPECT_EQ(found({"--max-det", "1"}), Labels{"red"});
  for (const auto& [flag, value] : std::vector<std::pair<std::string, std::string>>{{"--classes", "gren"},
                                                                                    {"--classes", "3"},
                                                                                    {"--conf", "1.5"},
                                                                                    {"--conf", "gren=0.5"},
                                                                                    {"--conf", ""},
                                                                                    {"--tile", "0x3"},
                                                                                    {"--nms", "2"}}) {
    const auto outcome = run({"a.png"}, {flag, value});
    EXPECT_EQ(outcome.code, 2) << flag << " " << value << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_NE(run({"a.png"}, {"--classes", "gren"}).err.find("green"), std::string::npos);
}

TEST_F(Detect, TilesFindEachObjectOnce) {
  save("wide.png", scene(1000, 100, {{0, 10, 40, 30, 30}, {1, 195, 20, 40, 40}, {2, 900, 10, 100, 80}}));
  const auto first = records(run({"wide.png"}, {"--tile", "200x100", "--overlap", "0.25", "--json", "-"})).at(0);
  ASSERT_EQ(first.at("detections").size(), 3u) << first.dump(1);
  std::map<std::string, json> boxes;
  for (const auto& detection : first["detections"]) boxes[detection.at("label")] = detection.at("box");
  EXPECT_EQ(boxes["red"], box(10, 40, 40, 70));
  EXPECT_EQ(boxes["green"], box(195, 20, 235, 60));
  EXPECT_EQ(boxes["blue"], box(900, 10, 1000, 90));
}

TEST_F(Detect, WritesYoloTextAndCocoResults) {
  std::filesystem::copy(folder / "a.png", folder / "img_0042.png");
  ASSERT_EQ(run({"img_0042.png"}, {"--save-txt", "txt", "--coco-json", "r.json", "-q"}).code, 0);
  EXPECT_EQ(lines(slurp(folder / "txt/img_0042.txt")).at(0), "0 0.250000 0.550000 0.250000 0.500000");
  auto results = json::parse(slurp(folder / "r.json"));
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].at("image_id"), 42);
  EXPECT_EQ(results[0].at("category_id"), 5);
  EXPECT_EQ(results[0].at("bbox"), json({20.0, 30.0, 40.0, 50.0}));
  ASSERT_EQ(run({"b.png", "img_0042.png"}, {"--coco-json", "r.json", "-q", "-y"}).code, 0);
  results = json::parse(slurp(folder / "r.json"));
  EXPECT_EQ(results[0].at("image_id"), 1);
  EXPECT_EQ(results[0].at("file_name"), "b.png");
  EXPECT_EQ(results[1].at("image_id"), 2);
  EXPECT_EQ(run({"b.png"}, {"--coco-json", "r.json"}).code, 2);
  EXPECT_EQ(run({"img_0042.png"}, {"--save-txt", "txt"}).code, 2);
}

TEST_F(Detect, DrawsIntoFilesAndFolders) {
  ASSERT_EQ(run({"a.png", "b.png"}, {"-o", "out"}).code, 0);
  const auto drawn = image::read_image(folder / "out/a.png"), plain = image::read_image(folder / "a.png");
  ASSERT_EQ(drawn.width, plain.width);
  EXPECT_NE(drawn, plain);
  EXPECT_TRUE(std::filesystem::exists(folder / "out/b.png"));
  EXPECT_EQ(run({"a.png"}, {"-o", "one.jpg"}).code, 0);
  EXPECT_EQ(slurp(folder / "one.jpg").substr(0, 2), "\xff\xd8");
  EXPECT_EQ(run({"a.png"}, {"-o", "out"}).code, 2);
  EXPECT_EQ(run({"a.png"}, {"-o", "a.png", "-y"}).code, 2);
  EXPECT_EQ(run({"a.png", "b.png"}, {"-o", ".", "-y"}).code, 2);
  EXPECT_EQ(image::read_image(folder / "a.png"), plain);
}

TEST_F(Detect, SkipsNamesAndCountsWhatIsBad) {
  spit(folder / "bad.png", "\x89PNG\r\n\x1a\nnonsense");
  const auto all = records(run({"a.png", "bad.png"}, {"--json", "-"}));
  EXPECT_EQ(all.back().at("failed").at("unreadable"), 1);
  EXPECT_EQ(all.back().at("frames_in"), 2);
  EXPECT_EQ(run({"bad.png"}).code, 4);
  EXPECT_EQ(run({"a.png", "bad.png"}, {"--strict"}).code, 4);
  EXPECT_EQ(run({"a.png", "-"}, {}, slurp(folder / "b.png")).code, 0);
  EXPECT_EQ(run({"nowhere.mp4"}).code, 4);
  spit(folder / "empty.mp4", "");
  EXPECT_EQ(run({"empty.mp4"}).code, 4);
}

TEST_F(Detect, SaysWhatAClassifiersCheckpointIs) {
  LoadRequest request;
  const auto outcome = run_vitral({"detect", "-m", "vit_tiny_patch16_224", "-w", "model.safetensors", "a.png"},
                                  folder.path(), "", VITRAL_SPOTS);
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("spot_detector"), std::string::npos) << outcome.err;
}

TEST_F(Detect, PreprocessWritesTheMaskOfDetectors) {
  const auto outcome = run_vitral({"preprocess", "-m", "spot_detector", "a.png", "b.png", "-o", "t.safetensors"},
                                  folder.path(), "", VITRAL_SPOTS);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto state = weights::to_state_dict(weights::open(folder / "t.safetensors"), weights::Storage::copied);
  EXPECT_EQ(state["images"].sizes(), (at::IntArrayRef{2, 3, 200, 320}));
  EXPECT_FALSE(state["mask"][0].any().item<bool>());
  EXPECT_FALSE(state["mask"][1].narrow(1, 0, 240).any().item<bool>());
  EXPECT_TRUE(state["mask"][1].narrow(1, 240, 80).all().item<bool>());
  EXPECT_EQ(state["sizes"][1][0].item<std::int64_t>(), 100);
}

TEST_F(Detect, VideosHaveFramesTimesAndASummary) {
  save_video("v.mp4", 12, {30000, 1001});
  const auto all = records(run({"v.mp4"}, {"--json", "-"}));
  ASSERT_EQ(all.size(), 13u);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(all[i].at("frame"), i);
    EXPECT_NEAR(all[i].at("t_ms").get<double>(), static_cast<double>(i) * 1001 / 30, 1e-3);
    ASSERT_EQ(all[i].at("detections").size(), 1u);
    EXPECT_NEAR(all[i]["detections"][0]["box"]["xmin"].get<double>(), 4.0 * static_cast<double>(i), 2.01);
  }
  EXPECT_EQ(all.back().at("frames_in"), 12);
  EXPECT_EQ(all.back().at("frames_out"), 12);
}

TEST_F(Detect, StrideStartLimitAndLoop) {
  save_video("v.mp4", 10);
  const auto frames = [&](const std::vector<std::string>& flags) {
    auto all = flags;
    all.insert(all.end(), {"--json", "-"});
    std::vector<std::int64_t> found;
    double last = -1;
    for (const auto& record : records(run({"v.mp4"}, all))) {
      if (!record.contains("frame")) continue;
      found.push_back(record.at("frame"));
      EXPECT_GT(record.at("t_ms").get<double>(), last);
      last = record.at("t_ms");
    }
    return found;
  };
  using Frames = std::vector<std::int64_t>;
  EXPECT_EQ(frames({"--vid-stride", "4"}), (Frames{0, 4, 8}));
  EXPECT_EQ(frames({"--start", "0.2", "--limit", "3"}), (Frames{5, 6, 7}));
  EXPECT_EQ(frames({"--loop", "--vid-stride", "4", "--limit", "5"}), (Frames{0, 4, 8, 12, 16}));
  EXPECT_EQ(run({"v.mp4"}, {"--start", "9"}).code, 4);
}

TEST_F(Detect, WritesVideosAtTheSourcesRate) {
  save_video("v.mp4", 12, {30000, 1001});
  ASSERT_EQ(run({"v.mp4"}, {"-o", "out.mp4", "--vid-stride", "2", "-q"}).code, 0);
  const auto written = video::open_source(folder / "out.mp4");
  EXPECT_EQ(written->frame_rate(), (video::Rational{15000, 1001}));
  std::size_t frames = 0;
  while (written->next()) ++frames;
  EXPECT_EQ(frames, 6u);
  EXPECT_EQ(written->damage(), "");
  EXPECT_EQ(run({"v.mp4"}, {"-o", "out.mp4"}).code, 2);
  EXPECT_EQ(run({"v.mp4"}, {"-o", "v.mp4", "-y"}).code, 2);
}

TEST_F(Detect, PlaysSequencesOfPictures) {
  for (int i = 7; i < 11; ++i)
    save("s_" + std::string(i < 10 ? "00" : "0") + std::to_string(i) + ".png", scene(160, 100, {{0, i, 5, 50, 50}}));
  const auto all = records(run({"s_%03d.png"}, {"--json", "-", "--save-txt", "txt", "-o", "drawn"}));
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[3].at("frame"), 3);
  EXPECT_EQ(all[3].at("t_ms"), 120.0);
  EXPECT_EQ(all[3]["detections"][0]["box"]["xmin"], 10.0);
  EXPECT_TRUE(std::filesystem::exists(folder / "txt/s_%03d_3.txt"));
  EXPECT_TRUE(std::filesystem::exists(folder / "drawn/s__03d.mp4"));
}

TEST_F(Detect, SeveralVideosRunSideBySide) {
  save_video("v.mp4", 3);
  save_video("w.mp4", 5);
  const auto all = records(run({"v.mp4", "w.mp4", "a.png"}, {"--json", "-"}));
  std::vector<std::string> order;
  for (const auto& record : all) {
    if (record.contains("source")) order.push_back(record.at("source").get<std::string>().substr(0, 1));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"a", "v", "w", "v", "w", "v", "w", "w", "w"}));
}

TEST_F(Detect, CutVideosGiveWhatIsBeforeTheDamage) {
  {
    video::Writer writer(folder / "v.avi", {160, 96, {25, 1}}, false);
    unsigned seed = 1;
    for (int i = 0; i < 60; ++i) {
      auto noise = scene(160, 96, {});
      for (auto& value : noise.pixels) value = static_cast<std::uint8_t>((seed = seed * 1664525u + 1013904223u) >> 24);
      writer.write(noise, 40.0 * i);
    }
    writer.finish();
  }
  const auto whole = slurp(folder / "v.avi");
  spit(folder / "cut.avi", whole.substr(0, whole.size() / 2));
  const auto outcome = run({"cut.avi"}, {"--json", "-"});
  const auto all = records(outcome);
  EXPECT_EQ(all.back().at("failed").at("damaged"), 1);
  EXPECT_GT(all.back().at("frames_out").get<int>(), 10);
  EXPECT_EQ(all.back().at("frames_in").get<int>(), all.back().at("frames_out").get<int>() + 1);
  EXPECT_NE(outcome.err.find("cut.avi"), std::string::npos);
  EXPECT_EQ(run({"cut.avi"}, {"--strict"}).code, 4);
}

TEST_F(Detect, AnInterruptedRunLeavesAFileThatPlays) {
  save_video("v.mp4", 20);
  const auto outcome = run_shell(
      "\"$VITRAL\" detect -m ./model.safetensors v.mp4 --loop -o out.mp4 --json - -q > out.jsonl & "
      "for i in $(seq 600); do [ $(wc -l < out.jsonl) -gt 30 ] && break; sleep 0.1; done; kill -INT $!; wait $!",
      folder.path(), VITRAL_SPOTS);
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  const auto said = lines(slurp(folder / "out.jsonl"));
  const auto summary = json::parse(said.back());
  EXPECT_EQ(summary.at("schema"), "vitral.summary/1");
  const auto written = video::open_source(folder / "out.mp4");
  std::size_t frames = 0;
  while (written->next()) ++frames;
  EXPECT_EQ(frames, summary.at("frames_out").get<std::size_t>());
  EXPECT_GT(frames, 20u);
}

TEST_F(Detect, EvalOnACocoFolder) {
  std::filesystem::create_directories(folder / "set/val2017");
  std::filesystem::create_directories(folder / "set/annotations");
  for (const char* name : {"a.png", "b.png"}) std::filesystem::copy(folder / name, folder / "set/val2017" / name);
  const auto object = [](int id, int image, int category, std::vector<int> bbox) {
    return json{{"id", id},     {"image_id", image},         {"category_id", category},
                {"bbox", bbox}, {"area", bbox[2] * bbox[3]}, {"iscrowd", 0}};
  };
  json truth = {
      {"images", {{{"id", 3}, {"file_name", "a.png"}}, {{"id", 8}, {"file_name", "b.png"}}}},
      {"categories", {{{"id", 5}, {"name", "red"}}, {{"id", 9}, {"name", "green"}}, {{"id", 90}, {"name", "blue"}}}},
      {"annotations",
       {object(1, 3, 5, {20, 30, 40, 50}), object(2, 3, 9, {100, 10, 30, 20}), object(3, 8, 90, {0, 0, 10, 100})}}};
  spit(folder / "set/annotations/instances_val2017.json", truth.dump());
  const auto eval = [&] {
    return run_vitral({"eval", "-m", "./model.safetensors", "--data", "set", "--json", "-"}, folder.path(), "",
                      VITRAL_SPOTS);
  };
  const auto outcome = eval();
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_DOUBLE_EQ(json::parse(outcome.out).at("stats").at("AP").get<double>(), 1.0);
  truth["images"][1]["file_name"] = "../../b.png";
  spit(folder / "set/annotations/instances_val2017.json", truth.dump());
  EXPECT_EQ(eval().code, 4);
}

TEST_F(Detect, EvalOnAYoloFolderJudgesTheClassesThatItHas) {
  std::filesystem::create_directories(folder / "set/images/val");
  std::filesystem::create_directories(folder / "set/labels/val");
  for (const char* name : {"a.png", "b.png"}) std::filesystem::copy(folder / name, folder / "set/images/val" / name);
  spit(folder / "set/data.yaml", "train: images/val\nval: images/val\nnames: [green, red]\n");
  spit(folder / "set/labels/val/a.txt", "1 0.25 0.55 0.25 0.5\n0 0.71875 0.2 0.1875 0.2\n");
  spit(folder / "set/labels/val/b.txt", "");
  const auto eval = [&] {
    return run_vitral({"eval", "-m", "./model.safetensors", "--data", "set", "--json", "-"}, folder.path(), "",
                      VITRAL_SPOTS);
  };
  const auto outcome = eval();  // the blue spot of b.png is none of the set's classes
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = json::parse(outcome.out);
  EXPECT_DOUBLE_EQ(report.at("stats").at("AP").get<double>(), 1.0);
  EXPECT_EQ(report.at("images"), 2);
  EXPECT_EQ(report["per_class"][0].at("name"), "green");
  spit(folder / "set/data.yaml", "train: images/val\nval: images/val\nnames: [cat, dog]\n");
  EXPECT_EQ(eval().code, 4);  // no class in common: names differ, and the numbers 0 and 1 are not the model's 5, 9, 90
}

}  // namespace
}  // namespace vitral::test
