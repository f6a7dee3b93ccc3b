#include <nlohmann/json.hpp>

#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Classify : public ProgramTest {};

TEST_F(Classify, WritesOneRecordAPictureAndASummary) {
  const auto outcome = run({"classify", "-m", "./model.safetensors", "a.png", "b.png", "--topk", "2", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto records = lines(outcome.out);
  ASSERT_EQ(records.size(), 3u);
  const auto first = json::parse(records[0]);
  EXPECT_EQ(first.at("schema"), "vitral.classes/1");
  EXPECT_EQ(first.at("source"), "a.png");
  EXPECT_EQ(first.at("size"), json({60, 40}));
  ASSERT_EQ(first.at("classes").size(), 2u);
  const double sum = first["classes"][0]["score"].get<double>() + first["classes"][1]["score"].get<double>();
  EXPECT_NEAR(sum, 1.0, 1e-5);
  EXPECT_GE(first["classes"][0]["score"], first["classes"][1]["score"]);
  const auto& best = first["classes"][0];
  EXPECT_EQ(best.at("label"), best.at("class_id") == 0 ? "cat" : "dog");
  for (const char* stage : {"decode", "preprocess", "forward", "postprocess"}) EXPECT_GE(first["timing_ms"].at(stage).get<double>(), 0.0);
  const auto summary = json::parse(records[2]);
  EXPECT_EQ(summary.at("schema"), "vitral.summary/1");
  EXPECT_EQ(summary.at("frames_in"), 2);
  EXPECT_EQ(summary.at("frames_out"), 2);
}

TEST_F(Classify, FindsPicturesInFoldersGlobsListsAndStandardInput) {
  spit(folder / "list.txt", "a.png\r\n# a comment\nb.png\n");
  for (const auto& inputs : std::vector<std::vector<std::string>>{{"."}, {"*.png"}, {"@list.txt"}, {"a.png", "-"}}) {
    std::vector<std::string> arguments{"classify", "-m", "./model.safetensors", "--json", "-"};
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    const auto outcome = run(arguments, slurp(folder / "b.png"));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lines(outcome.out).size(), 3u) << inputs.front();
  }
}

TEST_F(Classify, BatchesGiveTheSameScores) {
  const auto scores = [&](const std::string& batch) {
    std::vector<double> all;
    for (const auto& line : lines(run({"classify", "-m", "./model.safetensors", "a.png", "b.png", "a.png", "-b", batch, "--json", "-"}).out)) {
      const auto record = json::parse(line);
      if (record.contains("classes")) all.push_back(record["classes"][0]["score"]);
    }
    return all;
  };
  const auto one = scores("1"), three = scores("3");
  ASSERT_EQ(one.size(), 3u);
  ASSERT_EQ(three.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(one[i], three[i], 1e-5);
}

TEST_F(Classify, SkipsNamesAndCountsBadPictures) {
  spit(folder / "bad.png", "\x89PNG\r\n\x1a\nnonsense");
  const auto outcome = run({"classify", "-m", "./model.safetensors", "a.png", "bad.png", "--json", "-"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("bad.png"), std::string::npos);
  const auto summary = json::parse(lines(outcome.out).back());
  EXPECT_EQ(summary.at("frames_in"), 2);
  EXPECT_EQ(summary.at("frames_out"), 1);
  EXPECT_EQ(summary.at("failed").at("unreadable"), 1);
  EXPECT_EQ(summary.at("skipped").at(0).at("source"), "bad.png");
  expect_error(run({"classify", "-m", "./model.safetensors", "bad.png", "--json", "-"}), 4, "bad.png");
  EXPECT_EQ(run({"classify", "-m", "./model.safetensors", "a.png", "bad.png", "--strict"}).code, 4);
  expect_error(run({"classify", "-m", "./model.safetensors", "nowhere.png"}), 4, "nowhere.png");
}

TEST_F(Classify, WritesAPageAndAContactSheet) {
  const auto outcome = run({"classify", "-m", "./model.safetensors", "a.png", "b.png", "-o", "page"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto page = slurp(folder / "page/index.html");
  EXPECT_NE(page.find("a.png"), std::string::npos);
  EXPECT_NE(page.find("data:image/jpeg;base64,"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(slurp(folder / "page/contact_sheet.jpg").substr(0, 2), "\xff\xd8");
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "-o", "page"}), 2, "-y");
  EXPECT_EQ(run({"classify", "-m", "./model.safetensors", "a.png", "-o", "page", "-y"}).code, 0);
}

TEST_F(Classify, TakesLabelsAndEmbeds) {
  spit(folder / "names.txt", "Katze\nHund\n");
  const auto outcome = run({"classify", "-m", "./model.safetensors", "a.png", "--labels", "names.txt", "--embed", "--json", "-"});
  const auto record = json::parse(lines(outcome.out).at(0));
  EXPECT_EQ(record.at("embedding").size(), 192u);
  const std::string label = record["classes"][0]["label"];
  EXPECT_TRUE(label == "Katze" || label == "Hund");
  spit(folder / "names.txt", "Katze\n");
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "--labels", "names.txt"}), 4, "names.txt");
}

TEST_F(Classify, EndsQuietlyWhenTheReaderGoesAway) {
  const auto outcome = run_shell("set -o pipefail; \"$VITRAL\" classify -m ./model.safetensors a.png b.png a.png b.png | head -n 1", folder.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("error"), std::string::npos) << outcome.err;
}

TEST_F(Classify, SaysSoWhenStandardOutputIsFull) {
  const auto outcome = run_shell("\"$VITRAL\" classify -m ./model.safetensors a.png > /dev/full", folder.path());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("standard output"), std::string::npos) << outcome.err;
}

TEST_F(Classify, NeverOverwritesAnInput) {
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "--json", "a.png", "-y"}), 2, "a.png");
  EXPECT_EQ(slurp(folder / "a.png").substr(1, 3), "PNG");
}

}  // namespace
}  // namespace vitral::test
