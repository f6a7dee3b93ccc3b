#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Bench : public ProgramTest {
 protected:
  Bench() {
    fs::copy_file(folder / "model.safetensors", folder / "twin.safetensors");
    fs::create_directories(folder / "set/val/cat");
    fs::create_directories(folder / "set/val/dog");
    fs::copy_file(folder / "a.png", folder / "set/val/cat/1.png");
    fs::copy_file(folder / "b.png", folder / "set/val/cat/2.png");
    fs::copy_file(folder / "a.png", folder / "set/val/dog/1.png");
  }
  Outcome bench(const std::vector<std::string>& more, const std::string& models = "./model.safetensors") {
    std::vector<std::string> arguments{"bench", "-m",        models, "--iters", "4", "--warmup",
                                       "1",     "--threads", "1",    "--json",  "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Bench, GivesARowForEachNetworkAndBatchSize) {
  const auto outcome = bench({"--batches", "1,3", "--rounds", "3"}, "./model.safetensors,./twin.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto rows = json::parse(outcome.out).at("rows");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1]["model"], "./model.safetensors");
  EXPECT_EQ(rows[1]["batch"], 3);
  EXPECT_EQ(rows[2]["model"], "./twin.safetensors");
  for (const auto& row : rows) {
    const auto& ms = row["ms"];
    EXPECT_GT(ms["min"].get<double>(), 0);
    EXPECT_LE(ms["min"].get<double>(), ms["p50"].get<double>());
    EXPECT_LE(ms["p50"].get<double>(), ms["p99"].get<double>());
    EXPECT_NEAR(row["images_per_s"].get<double>(), 1000 * row["batch"].get<double>() / ms["p50"].get<double>(), 1e-6);
    EXPECT_GT(row["peak_rss_mb"].get<double>(), row["weights_mb"].get<double>());
    EXPECT_FALSE(row.contains("top1"));
  }
}

TEST_F(Bench, JudgesTheWeightsThatItTimesAsEvalDoes) {
  const auto rows = json::parse(bench({"--data", "set", "--end-to-end", "set/val/cat"}).out).at("rows");
  const auto judged = json::parse(run({"eval", "-m", "./model.safetensors", "--data", "set", "--json", "-"}).out);
  EXPECT_EQ(rows[0].at("top1"), judged.at("top1"));
  EXPECT_EQ(rows[0].at("data_pictures"), 3);
  const auto& stages = rows[0].at("end_to_end");
  EXPECT_EQ(stages.at("pictures"), 2);
  EXPECT_EQ(stages.at("batch"), 1);
  EXPECT_GE(stages.at("decoders"), 1);
  const double input = stages.at("capacity").at("input"), network = stages["capacity"].at("network");
  EXPECT_GT(std::min(input, network), 0);
  EXPECT_EQ(stages.at("limited_by"), input < network ? "input" : "network");
  for (const char* stage : {"decode", "preprocess", "forward", "postprocess"}) {
    EXPECT_GT(stages["p50_ms"].at(stage).get<double>(), 0) << stage;
  }
}

TEST_F(Bench, ReportsAsMarkdownWithItsPlotsAndAsOnePage) {
  expect_error(run({"bench", "-m", "./model.safetensors", "--report", "doc/all.md"}), 2, "there is no folder doc");
  fs::create_directory(folder / "doc");
  const auto said = bench({"--data", "set", "--report", "page.html", "--report", "doc/all.md"});
  ASSERT_EQ(said.code, 0) << said.err;
  const auto text = slurp(folder / "doc/all.md");
  EXPECT_NE(text.find("| ./model.safetensors | Transformer |"), std::string::npos) << text;
  EXPECT_NE(text.find("(all-classifiers-latency.svg)"), std::string::npos);
  EXPECT_NE(slurp(folder / "doc/all-classifiers-latency.svg").find("./model.safetensors"), std::string::npos);
  EXPECT_EQ(lines(slurp(folder / "doc/all-classifiers-parameters.csv")).size(), 2u);
  EXPECT_EQ(json::parse(slurp(folder / "doc/all.json")).at("rows"), json::parse(said.out).at("rows"));
  const auto page = slurp(folder / "page.html");
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("href="), std::string::npos);
  expect_error(run({"bench", "-m", "./model.safetensors", "--report", "doc/all.md"}), 2, "doc/all.md");
  expect_error(run({"bench", "-m", "./model.safetensors", "--report", "all.txt"}), 2, ".html, .md and .json");
}

TEST_F(Bench, FailsWhereACeilingIsBroken) {
  EXPECT_EQ(bench({"--fail-over", "p99=1e9"}).code, 0);
  const auto over = bench({"--fail-over", "p50=0.000001"});
  EXPECT_EQ(over.code, 6);
  EXPECT_NE(over.err.find("p50 is"), std::string::npos) << over.err;
  expect_error(bench({"--fail-over", "p75=3"}), 2, "'p75' is unknown, expected one of min");
  expect_error(bench({"--fail-over", "p99"}), 2, "p99");
  expect_error(bench({"--batches", "1,x"}), 2, "x is no number");
}

TEST_F(Bench, NamesTheTrainingOfACheckpointThatLeftItsRun) {
  fs::create_directory(folder / "run");
  fs::copy_file(folder / "model.safetensors", folder / "run/best.safetensors");
  spit(folder / "run/run.json", R"({"options":{"recipe":"small","seed":7}})");
  spit(folder / "run/metrics.jsonl", "{\"seconds\":40.5}\n{\"seconds\":20}\n");
  const auto converted = run({"weights", "convert", "run/best.safetensors", "-o", "out.safetensors", "--to", "native"});
  ASSERT_EQ(converted.code, 0) << converted.err;
  const auto rows = json::parse(bench({}, "./out.safetensors").out).at("rows");
  EXPECT_EQ(rows[0].at("training"), json({{"seconds", 60.5}, {"epochs", 2}}));
  spit(folder / "run/run.json", R"({"options":{"recipe":"small","seed":7},
    "facts":{"earlier":{"seconds":9.5,"epochs":4,"recipe":"small","seed":0}}})");
  const auto both = json::parse(bench({}, "./run/best.safetensors").out).at("rows");
  EXPECT_EQ(both[0].at("training"), json({{"seconds", 70.0}, {"epochs", 6}}));
  spit(folder / "run/metrics.jsonl", "{\"seconds\":\"long\"}\n");
  expect_error(bench({}, "./run/best.safetensors"), 3, "seconds");
}

}  // namespace
}  // namespace vitral::test
