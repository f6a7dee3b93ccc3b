#include <nlohmann/json.hpp>

#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;
using testing::Test;

class Eval : public Test {
 protected:
  Eval() {
    spit(folder / "gt.json", truth().dump());
    spit(folder / "dt.json", results().dump());
  }
  static json truth() {
    return {
        {"images", {{{"id", 7}}, {{"id", 9}}}},
        {"categories", {{{"id", 3}, {"name", "cat"}}, {{"id", 90}, {"name", "a \"<dog>\", big"}}}},
        {"annotations",
         {{{"id", 1}, {"image_id", 7}, {"category_id", 3}, {"bbox", {10, 10, 40, 40}}, {"area", 1600}, {"iscrowd", 0}},
          {{"id", 2}, {"image_id", 9}, {"category_id", 90}, {"bbox", {0, 0, 100, 100}}, {"area", 10000}}}}};
  }
  static json results() {
    return {{{"image_id", 7}, {"category_id", 3}, {"bbox", {10, 10, 40, 40}}, {"score", 0.9}},
            {{"image_id", 9}, {"category_id", 3}, {"bbox", {0, 0, 100, 100}}, {"score", 0.8}}};
  }
  Outcome run(std::vector<std::string> more) {
    std::vector<std::string> arguments{"eval", "--gt", "gt.json", "--dt", "dt.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_vitral(arguments, folder.path());
  }
  TemporaryFolder folder;
};

TEST_F(Eval, PrintsTwelveLines) {
  const auto outcome = run({});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto said = lines(outcome.out);
  ASSERT_EQ(said.size(), 12u);
  EXPECT_EQ(said[0], " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.500");
  EXPECT_EQ(said[3], " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = -1.000");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Eval, WritesTheContractsJson) {
  const auto report = json::parse(run({"--json", "-"}).out);
  EXPECT_EQ(report.at("schema"), "vitral.eval/1");
  EXPECT_EQ(report.at("task"), "detect");
  EXPECT_EQ(report.at("images"), 2);
  EXPECT_DOUBLE_EQ(report.at("stats").at("AP").get<double>(), 0.5);
  EXPECT_EQ(report["stats"].at("APs"), -1.0);
  ASSERT_EQ(report.at("per_class").size(), 2u);
  EXPECT_EQ(report["per_class"][1].at("category_id"), 90);
  EXPECT_EQ(report["per_class"][1].at("AP"), 0.0);
}

TEST_F(Eval, GatesEndWithSixAfterTheReport) {
  EXPECT_EQ(run({"--fail-under", "map=0.49", "--fail-under", "AR100=0.4"}).code, 0);
  const auto missed = run({"--fail-under", "map=0.3", "--fail-under", "ap50=0.9"});
  EXPECT_EQ(missed.code, 6);
  EXPECT_EQ(lines(missed.out).size(), 12u);
  EXPECT_NE(missed.err.find("vitral: error: quality gate: ap50 is 0.5, expected at least 0.9"), std::string::npos)
      << missed.err;
  EXPECT_EQ(run({"--fail-under", "aps=0"}).code, 6);  // nothing small was there: -1
  EXPECT_EQ(run({"--fail-under", "mapp=0.3"}).code, 2);
  EXPECT_EQ(run({"--fail-under", "map"}).code, 2);
}

TEST_F(Eval, NamesUnknownImagesAndLeavesThemOut) {
  auto more = results();
  more.push_back({{"image_id", 1234}, {"category_id", 3}, {"bbox", {1, 1, 2, 2}}, {"score", 1}});
  more.push_back({{"image_id", 7}, {"category_id", 44}, {"bbox", {1, 1, 2, 2}}, {"score", 1}});
  spit(folder / "dt.json", more.dump());
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("image 1234"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("category 44"), std::string::npos) << outcome.err;
  EXPECT_EQ(run({"--strict"}).code, 4);
}

TEST_F(Eval, NamesFileFieldAndIdOfWhatIsBroken) {
  auto broken = truth();
  broken["annotations"][1]["area"] = -3;
  spit(folder / "gt.json", broken.dump());
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.out, "");
  for (const char* part : {"gt.json", "area", "id 2"})
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  EXPECT_EQ(run_vitral({"eval", "--gt", "nowhere.json", "--dt", "dt.json"}, folder.path()).code, 4);
}

TEST_F(Eval, NoDetectionsAreNoError) {
  spit(folder / "dt.json", "[]");
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("= 0.000"), std::string::npos);
}

TEST_F(Eval, DrawsCurvesAndAConfusionMatrix) {
  ASSERT_EQ(run({"--plots", "plots", "-q"}).code, 0);
  const auto curves = slurp(folder / "plots/pr_curves.svg");
  EXPECT_NE(curves.find("IoU 0.50  AP 0.500"), std::string::npos);
  EXPECT_EQ(slurp(folder / "plots/confusion_matrix.csv"),
            "what is there \\ detected,cat,\"a \"\"<dog>\"\", big\",(nothing)\n"
            "cat,1,0,0\n\"a \"\"<dog>\"\", big\",1,0,0\n(nothing),0,0,0\n");
  EXPECT_NE(slurp(folder / "plots/confusion_matrix.svg").find("&lt;dog&gt;"), std::string::npos);
  EXPECT_EQ(lines(slurp(folder / "plots/pr_curves.csv")).size(), 1u + 2 * 10 * 101);
  EXPECT_EQ(run({"--plots", "plots"}).code, 2);
}

class EvalFolder : public ProgramTest {
 protected:
  EvalFolder() {
    for (const char* name : {"cat", "dog"}) std::filesystem::create_directories(folder / "set/val" / name);
    std::filesystem::copy(folder / "a.png", folder / "set/val/cat/a.png");
    std::filesystem::copy(folder / "b.png", folder / "set/val/dog/b.png");
    std::filesystem::copy(folder / "b.png", folder / "set/val/dog/c.png");
  }
  Outcome eval(std::vector<std::string> more) {
    std::vector<std::string> arguments{"eval", "-m", "./model.safetensors", "--data", "set"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(EvalFolder, CountsWhatClassifySays) {
  double right = 0;
  for (const auto& [path, label] :
       std::vector<std::pair<std::string, std::string>>{{"a.png", "cat"}, {"b.png", "dog"}, {"b.png", "dog"}}) {
    const auto record =
        json::parse(lines(run({"classify", "-m", "./model.safetensors", path, "--json", "-"}).out).at(0));
    right += record["classes"][0]["label"] == label ? 1 : 0;
  }
  const auto report = json::parse(eval({"--json", "-", "-b", "2"}).out);
  EXPECT_EQ(report.at("task"), "classify");
  EXPECT_EQ(report.at("images"), 3);
  EXPECT_DOUBLE_EQ(report.at("top1").get<double>(), right / 3);
  EXPECT_EQ(report.at("top5"), 1.0);
  EXPECT_TRUE(report.at("skipped").empty());
  EXPECT_EQ(eval({"--fail-under", "top5=1"}).code, 0);
  EXPECT_EQ(eval({"--fail-under", "top1=1.1"}).code, 6);
  EXPECT_EQ(eval({"--plots", "plots"}).code, 0);
  EXPECT_EQ(lines(slurp(folder / "plots/confusion_matrix.csv")).size(), 3u);
}

TEST_F(EvalFolder, NamesSkippedFilesStrangersAndMissingSplits) {
  spit(folder / "set/val/dog/bad.png", "no picture");
  const auto report = json::parse(eval({"--json", "-"}).out);
  EXPECT_EQ(report.at("images"), 3);
  EXPECT_NE(report.at("skipped").at(0).at("source").get<std::string>().find("bad.png"), std::string::npos);
  EXPECT_EQ(eval({"--strict"}).code, 4);
  expect_error(eval({"--split", "test"}), 4, "test");
  std::filesystem::create_directories(folder / "set/val/zebra");
  expect_error(eval({}), 4, "zebra");
  expect_error(run({"eval", "-m", "./model.safetensors"}), 2, "--data");
  expect_error(run({"eval", "--gt", "x.json"}), 2, "--dt");
}

}  // namespace
}  // namespace vitral::test
