// The networks that travel with the program are as good as their cards (models/*.md) say.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kModels = VITRAL_MODELS_FOLDER;
const fs::path kVideo = VITRAL_VIDEOS_FOLDER "/vtest.avi";
constexpr const char* kFashionMnist = "/usr/share/datasets/fashion-mnist";

/// What a card's line "| top-1 | 0.9123 |" says.
double said_by_card(const std::string& model, const std::string& metric) {
  const auto card = slurp(kModels / (model + ".md"));
  const auto row = card.find("| " + metric + " | ");
  if (row == std::string::npos) throw std::runtime_error(model + ".md has no line for " + metric);
  return std::stod(card.substr(row + metric.size() + 5));
}

class Bundled : public testing::Test {
 protected:
  json evaluated(const std::vector<std::string>& how) {
    std::vector<std::string> arguments{"eval", "--json", "-"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const auto outcome = run_vitral(arguments, folder.path());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? json::parse(outcome.out) : json();
  }
  TemporaryFolder folder;
};

TEST_F(Bundled, ModelsAreSmallAndHaveTheirCards) {
  std::uintmax_t bytes = 0;
  std::size_t models = 0;
  for (const auto& file : fs::directory_iterator(kModels)) {
    bytes += file.file_size();
    if (file.path().extension() != ".safetensors") continue;
    ++models;
    EXPECT_TRUE(fs::exists(fs::path(file.path()).replace_extension(".md"))) << file.path();
  }
  EXPECT_GT(models, 0u);
  EXPECT_LE(bytes, 20u << 20);
}

TEST_F(Bundled, ClassifiersReachTheirAccuracy) {
  if (!fs::exists(kFashionMnist)) GTEST_SKIP() << "the package dataset-fashion-mnist is missing";
  std::size_t judged = 0;
  for (const auto& file : fs::directory_iterator(kModels)) {
    const auto model = file.path().stem().string();
    if (!model.starts_with("fashion_") || file.path().extension() != ".safetensors") continue;
    const auto found = evaluated({"-m", model, "--data", kFashionMnist, "-b", "64"});
    ASSERT_TRUE(found.contains("top1"));
    EXPECT_NEAR(found["top1"].get<double>(), said_by_card(model, "top-1"), 0.0005) << model;
    ++judged;
  }
  EXPECT_GE(judged, 3u);
}

TEST_F(Bundled, GarmentsAreFoundInScenesThatNobodyTrainedOn) {
  if (!fs::exists(kFashionMnist)) GTEST_SKIP() << "the package dataset-fashion-mnist is missing";
  const auto made =
      run_vitral({"data", "make", "fashion-scenes", "--train", "1", "--val", "200", "--seed", "77", "-o", "scenes"},
                 folder.path());
  ASSERT_EQ(made.code, 0) << made.err;
  const auto stats = evaluated({"-m", "scenes_rtdetr", "--data", "scenes", "-b", "8"})["stats"];
  // Other scenes than the card's, and a fifth of them.
  EXPECT_NEAR(stats["AP"].get<double>(), said_by_card("scenes_rtdetr", "AP"), 0.04);
}

TEST_F(Bundled, DatesAreWrittenAsTheCardSays) {
  const auto made = run_vitral({"data", "make", "dates", "-o", "pairs"}, folder.path());
  ASSERT_EQ(made.code, 0) << made.err;
  const auto written =
      run_vitral({"text", "generate", "pairs/val.tsv", "-m", "dates", "--json", "-", "-q"}, folder.path());
  ASSERT_EQ(written.code, 0) << written.err;
  const double exact = json::parse(lines(written.out).back()).at("exact");
  EXPECT_NEAR(exact, said_by_card("dates", "exact"), 0.002);
  EXPECT_GE(exact, 0.98);
}

TEST_F(Bundled, PedestriansAreFoundInTheFramesThatWereCheckedByHand) {
  if (!fs::exists(kVideo)) GTEST_SKIP() << kVideo << " is missing";
  const auto outcome = run_vitral(
      {"detect", "-m", "pedestrians_rtdetr", "--conf", "0.01", "--start", "64", "--json", "-", kVideo}, folder.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto truth = json::parse(slurp(kModels / "pedestrians_checked.json"));
  std::set<std::int64_t> checked;
  for (const auto& image : truth["images"]) checked.insert(image["id"].get<std::int64_t>());
  EXPECT_GE(checked.size(), 20u);
  auto results = json::array();
  for (const auto& line : lines(outcome.out)) {
    const auto record = json::parse(line);
    if (!record.contains("frame") || !checked.contains(record["frame"].get<std::int64_t>())) continue;
    for (const auto& found : record["detections"]) {
      const auto& box = found["box"];
      const double x = box["xmin"], y = box["ymin"];
      results.push_back({{"image_id", record["frame"]},
                         {"category_id", 1},
                         {"bbox", {x, y, box["xmax"].get<double>() - x, box["ymax"].get<double>() - y}},
                         {"score", found["score"]}});
    }
  }
  spit(folder / "found.json", results.dump());
  const auto stats =
      evaluated({"--gt", (kModels / "pedestrians_checked.json").string(), "--dt", "found.json"})["stats"];
  EXPECT_NEAR(stats["AP50"].get<double>(), said_by_card("pedestrians_rtdetr", "AP50"), 0.005);
  EXPECT_GE(stats["AP50"].get<double>(), 0.80);
}

}  // namespace
}  // namespace vitral::test
