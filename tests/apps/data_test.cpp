// vitral data, as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/image/draw.h"
#include "tests/apps/program.h"

namespace vitral::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class Data : public testing::Test {
 protected:
  Outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "data");
    return run_vitral(arguments, folder.path());
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    spit(folder / name, text);
  }
  void write_picture(const std::string& name, std::uint8_t grey) {
    auto picture = image::Image::uninitialized(40, 20);
    std::fill(picture.pixels.begin(), picture.pixels.end(), grey);
    const auto bytes = image::encode_png(picture);
    write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void write_coco(const std::string& box) {
    write_picture("coco/train/a.png", 1);
    write("coco/annotations/instances_train.json",
          R"({"images":[{"id":1,"file_name":"a.png","width":40,"height":20}],"categories":[{"id":7,"name":"cat"}],
              "annotations":[{"id":1,"image_id":1,"category_id":7,"area":50,"bbox":)" +
              box + "}]}");
  }

  TemporaryFolder folder;
};

TEST_F(Data, CheckSaysThatAllIsWell) {
  write_coco("[1,2,10,5]");
  const auto outcome = run({"check", "coco"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "coco: 1 splits, 1 pictures, 1 objects, 1 classes; nothing wrong was found\n");
}

TEST_F(Data, CheckNamesProblemsAndExitsWith4) {
  write_coco("[30,2,20,5]");
  const auto outcome = run({"check", "coco"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.out, "outside: 1\n  train/a.png: object 0: its box reaches beyond the picture of 40x20\n");
  EXPECT_EQ(lines(outcome.err).size(), 1u);
  EXPECT_THAT(outcome.err, HasSubstr("vitral: error: coco: has 1 problems: 1 outside"));
  const auto as_json = run({"check", "coco", "--json", "-"});
  EXPECT_EQ(as_json.code, 4);
  const auto report = json::parse(as_json.out);
  EXPECT_EQ(report.at("schema"), "vitral.data/1");
  EXPECT_EQ(report.at("problems").at(0).at("kind"), "outside");
  EXPECT_EQ(report.at("classes").at(0).at("category_id"), 7);
}

TEST_F(Data, StatsCountClasses) {
  write_picture("pictures/cat/a.png", 51);
  write_picture("pictures/cat/b.png", 102);
  write_picture("pictures/dog/c.png", 0);
  const auto outcome = run({"stats", "pictures"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(
      outcome.out,
      StartsWith("folder, 2 classes\nall: 3 pictures\n  width   40\n  height  20\n  mean    0.2000 0.2000 0.2000\n"));
  EXPECT_THAT(outcome.out, HasSubstr("       2  cat\n       1  dog\n"));
}

TEST_F(Data, ConvertAndSplitWriteDataSetsThatAreRead) {
  write_coco("[1,2,10,5]");
  for (const std::string to : {"yolo", "voc", "coco"}) {
    const auto outcome = run({"convert", "coco", "-o", to + "_out", "--to", to});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto report = json::parse(run({"stats", to + "_out", "--json", "-"}).out);
    EXPECT_EQ(report.at("format"), to);
    EXPECT_EQ(report.at("splits").at(0).at("objects"), 1);
  }
  EXPECT_EQ(run({"convert", "coco", "-o", "yolo_out", "--to", "yolo"}).code, 2);  // is not empty
  EXPECT_EQ(run({"convert", "coco", "-o", "yolo_out", "--to", "yolo", "-y"}).code, 0);
  EXPECT_EQ(run({"convert", "coco", "-o", "coco", "--to", "yolo", "-y"}).code, 2);  // onto itself
  EXPECT_EQ(run({"convert", "coco", "-o", "other", "--to", "folder"}).code, 2);     // boxes
  EXPECT_EQ(run({"convert", "nowhere", "-o", "other", "--to", "coco"}).code, 4);
  for (int i = 0; i < 10; ++i)
    write_picture("pictures/cat/" + std::to_string(i) + ".png", static_cast<std::uint8_t>(i));
  const auto split = run({"split", "pictures", "-o", "divided", "--ratio", "8,2", "--seed", "3"});
  EXPECT_EQ(split.code, 0) << split.err;
  const auto report = json::parse(run({"check", "divided", "--json", "-"}).out);
  EXPECT_EQ(report.at("splits").at(0).at("pictures"), 8);
  EXPECT_EQ(report.at("splits").at(1).at("pictures"), 2);
  EXPECT_TRUE(report.at("problems").empty());
}

TEST_F(Data, FashionScenesAreMadeAlike) {
  if (!fs::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const auto make = [&](const std::string& out) {
    return run({"make", "fashion-scenes", "-o", out, "--train", "6", "--val", "3", "--size", "96", "--seed", "5"});
  };
  ASSERT_EQ(make("a").code, 0);
  ASSERT_EQ(make("b").code, 0);
  EXPECT_EQ(run_shell("diff -r a b", folder.path()).out, "");
  const auto report = json::parse(run({"check", "a", "--json", "-"}).out);
  EXPECT_EQ(report.at("classes").size(), 10u);
  EXPECT_EQ(report.at("splits").at(0).at("pictures"), 6);
  EXPECT_TRUE(report.at("problems").empty()) << report.at("problems");
}

TEST_F(Data, PedestriansNeedAVideo) {
  EXPECT_EQ(run({"make", "pedestrians", "nothing.avi", "-o", "out"}).code, 4);
  EXPECT_EQ(run({"make", "pedestrian", "-o", "out"}).code, 2);
}

}  // namespace
}  // namespace vitral::test
