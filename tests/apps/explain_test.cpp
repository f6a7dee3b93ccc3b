// `vitral explain`: maps, pages and their refusals.
#include <ATen/ATen.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/explain_page.h"
#include "apps/registry.h"
#include "common/image/decode.h"
#include "common/runtime/convert.h"
#include "common/weights/state_dict.h"
#include "tests/apps/browser.h"
#include "tests/apps/fixture.h"
#include "tests/apps/raw_maps.h"
#include "tests/support/tensors.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Explain : public ProgramTest {
 protected:
  json explain(const std::vector<std::string>& words) {
    std::vector<std::string> arguments{"explain", "-o", "out", "-y", "--json", "-", "-q"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? json::parse(outcome.out) : json::object();
  }
  at::Tensor raw(const std::string& name) { return raw_map(folder / "out", name); }
  std::string browse(const std::string& hash) { return test::browse(folder / "out/index.html", hash); }
};

const std::vector<std::string> kModel{"a.png", "-m", "./model.safetensors"};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST_F(Explain, RolloutIsTheDefaultOfAVisionTransformer) {
  const auto report = explain(kModel);
  EXPECT_EQ(report["schema"], "vitral.explain/1");
  EXPECT_EQ(report["method"], "rollout");
  EXPECT_EQ(report["map"], (std::vector<int>{2, 2}));
  EXPECT_EQ(report["layers"].size(), 12u);
  EXPECT_EQ(report["layers"][3]["name"], "blocks.3.attn");
  EXPECT_EQ(report["layers"][3]["weights"], (std::vector<int>{3, 5, 5}));
  auto product = at::eye(5);
  for (int i = 0; i < 12; ++i) {
    const auto weights = raw("blocks." + std::to_string(i) + ".attn.weights");
    product = at::matmul(0.5 * weights.mean(0) + 0.5 * at::eye(5), product);
  }
  expect_close(raw("maps"), product[0].slice(0, 1).view({1, 2, 2}), 1e-5);
}

TEST_F(Explain, RecordingDoesNotChangeTheAnswer) {
  const auto classified = run({"classify", "-m", "./model.safetensors", "a.png", "--json", "-", "-q"});
  const auto best = json::parse(lines(classified.out)[0])["classes"][0];
  for (const std::string method : {"rollout", "last", "gradient"}) {
    const auto target = explain(with(kModel, {"--method", method}))["targets"][0];
    EXPECT_EQ(target["class_id"], best["class_id"]);
    EXPECT_NEAR(target["score"].get<double>(), best["score"].get<double>(), 1e-5);
  }
}

TEST_F(Explain, OneLayerAndOneHeadAreRecordedAlone) {
  const auto report = explain(with(kModel, {"--method", "last", "--layer", "4", "--head", "1"}));
  ASSERT_EQ(report["layers"].size(), 1u);
  EXPECT_EQ(report["layers"][0]["name"], "blocks.4.attn");
  expect_equal(raw("maps"), raw("blocks.4.attn.weights")[1][0].slice(0, 1).view({1, 2, 2}));
  EXPECT_EQ(explain(with(kModel, {"--method", "last", "--layer", "-1"}))["layers"][0]["name"], "blocks.11.attn");
  EXPECT_EQ(explain(with(kModel, {"--method", "rollout", "--layer", "2"}))["layers"].size(), 3u);
}

TEST_F(Explain, GradientsSpeakForTheClassThatIsAskedFor) {
  const auto cat = (explain(with(kModel, {"--method", "gradient", "--class", "cat"})), raw("maps"));
  const auto dog = (explain(with(kModel, {"--method", "gradient", "--class", "1"})), raw("maps"));
  EXPECT_GT((cat - dog).abs().max().item<double>(), 0);
  EXPECT_GE(cat.min().item<double>(), 0);
  const auto cnn = explain({"a.png", "-m", "resnet18", "--imgsz", "64", "--seed", "1"});
  EXPECT_EQ(cnn["method"], "gradient");
  EXPECT_EQ(cnn["map"], (std::vector<int>{2, 2}));
}

TEST_F(Explain, WindowsAndDetectors) {
  const auto swin = explain({"a.png", "-m", "swin_tiny_patch4_window7_224", "--layer", "1"});
  EXPECT_EQ(swin["method"], "last");
  EXPECT_EQ(swin["map"], (std::vector<int>{56, 56}));
  EXPECT_EQ(swin["layers"][0]["weights"], (std::vector<int>{64, 3, 49, 49}));
  // Every token looks somewhere, and every window has 49 tokens: the mean of the map is 1 / 49.
  EXPECT_NEAR(raw("maps").mean().item<double>(), 1.0 / 49, 1e-6);
  EXPECT_EQ(explain({"a.png", "-m", "swin_tiny_patch4_window7_224", "--method", "gradient"})["map"],
            (std::vector<int>{7, 7}));

  const auto detr = explain({"a.png", "-m", "detr_resnet50", "--conf", "0", "--box", "2"});
  EXPECT_EQ(detr["method"], "decoder");
  ASSERT_EQ(detr["targets"].size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(folder / "out/overlay_2.png"));
  EXPECT_EQ(detr["map"], (std::vector<int>{25, 38}));
  EXPECT_NEAR(raw("maps").sum().item<double>(), 1, 1e-4);
}

TEST_F(Explain, WritesOverlaysOfTheNetworksInput) {
  const auto report = explain(kModel);
  for (const auto& file : report["files"])
    EXPECT_TRUE(std::filesystem::exists(folder / file.get<std::string>())) << file;
  const auto picture = image::read_image(folder / "out/overlay.png");
  EXPECT_EQ(picture.width, 32);
  EXPECT_EQ(picture.height, 32);
}

TEST_F(Explain, ThePageShowsInABrowserWhatTheFileHolds) {
  const auto name = kModel;
  explain(with(name, {"--method", "last"}));
  const auto html = slurp(folder / "out/index.html");
  EXPECT_LT(html.size(), 5'000'000u);
  EXPECT_TRUE(is_self_contained(html));
  const auto body = browse("#layer=5&head=2&token=3");
  if (body.empty()) GTEST_SKIP() << "no chromium";
  EXPECT_EQ(attribute(body, "data-ready"), "yes") << body;
  EXPECT_EQ(attribute(body, "data-layer"), "5");
  EXPECT_EQ(attribute(body, "data-token"), "3");
  const auto row = raw("blocks.5.attn.weights")[2][4].slice(0, 1);
  EXPECT_EQ(std::stol(attribute(body, "data-place")), row.argmax().item<long>());
  EXPECT_NEAR(std::stod(attribute(body, "data-most")), row.max().item<double>(), 0.01 * row.max().item<double>());
  EXPECT_NEAR(std::stod(attribute(body, "data-sum")), row.sum().item<double>(), 0.01);
}

TEST_F(Explain, APageOfWindowsSumsToOneToken) {
  explain({"a.png", "-m", "swin_tiny_patch4_window7_224"});
  EXPECT_LT(std::filesystem::file_size(folder / "out/index.html"), 5'000'000u);
  const auto body = browse("#layer=1&head=0&token=100");
  if (body.empty()) GTEST_SKIP() << "no chromium";
  EXPECT_EQ(attribute(body, "data-ready"), "yes") << body;
  EXPECT_NEAR(std::stod(attribute(body, "data-sum")), 1, 0.01);
}

TEST_F(Explain, NetworksStandSideBySide) {
  explain(with(kModel, {"--method", "gradient", "--class", "cat", "--beside", "./model.safetensors"}));
  const auto html = slurp(folder / "out/index.html");
  EXPECT_LT(html.size(), 5'000'000u);
  const auto body = browse("#layer=2&head=1&token=0");
  if (body.empty()) GTEST_SKIP() << "no chromium";
  EXPECT_EQ(attribute(body, "data-ready"), "yes") << body;
  const auto sections = run_shell(
      "chromium --headless --no-sandbox --disable-gpu --virtual-time-budget=8000 --user-data-dir=profile --dump-dom "
      "'file://" +
          (folder / "out/index.html").string() + "' 2>/dev/null | grep -o '<section data[^>]*>'",
      folder.path());
  const auto found = lines(sections.out);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(attribute(found[0], "data-most"), attribute(found[1], "data-most"));
}

TEST_F(Explain, RefusalsNameWhatThereIs) {
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--method", "decoder"}))), 2,
               "it has: rollout, last, gradient");
  expect_error(run({"explain", "-o", "x", "a.png", "-m", "resnet18", "--method", "rollout"}), 2, "it has: gradient");
  expect_error(run({"explain", "-o", "x", "a.png", "-m", "yolox_nano"}), 2, "it has none of the methods");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--method", "look"}))), 2,
               "expected rollout, last, gradient or decoder");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--layer", "12"}))), 2, "expected 0 to 11");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--method", "last", "--head", "3"}))), 2,
               "expected 0 to 2");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--head", "0"}))), 2, "--head");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--box", "0"}))), 2, "--box");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--method", "gradient", "--class", "bird"}))), 2, "bird");
  expect_error(run(with({"explain", "-o", "x"}, with(kModel, {"--method", "gradient", "--class", "2"}))), 2,
               "expected 0 to 1");
  expect_error(run({"explain", "-o", "x", "a.png", "-m", "detr_resnet50", "--conf", "1"}), 1, "--conf asks for less");
  expect_error(run({"explain", "-o", "x", "nowhere.png", "-m", "./model.safetensors"}), 4, "nowhere.png");
  expect_error(run({"explain", "-o", "x", "-m", "./model.safetensors"}), 2, "INPUT: is missing");
  expect_error(run(with({"explain", "-o", "x", "--text", "a cat"}, kModel)), 2, "--text");
  explain(kModel);
  expect_error(run(with({"explain", "-o", "out"}, kModel)), 2, "exists");
}

TEST(ExplainPage, RowsFitTheBudget) {
  using enum apps::RowStorage;
  EXPECT_EQ(apps::plan_rows({{10, 2}, {10, 2}}, 20), (std::vector{bytes, bytes}));
  EXPECT_EQ(apps::plan_rows({{10, 2}, {10, 2}}, 10), (std::vector{nibbles, nibbles}));
  EXPECT_EQ(apps::plan_rows({{40, 8}, {40, 8}}, 30), (std::vector{mean_bytes, nibbles}));
  EXPECT_EQ(apps::plan_rows({{40, 8}, {40, 8}}, 12), (std::vector{mean_bytes, mean_bytes}));
  EXPECT_EQ(apps::plan_rows({{40, 8}, {40, 8}}, 5), (std::vector{left_out, mean_bytes}));
}

}  // namespace
}  // namespace vitral::test
