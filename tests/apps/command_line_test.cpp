#include <nlohmann/json.hpp>

#include "common/weights/state_dict.h"
#include "tests/apps/fixture.h"
#include "tests/support/tensors.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class CommandLine : public ProgramTest {
 protected:
  void write_images(const std::string& name, at::Tensor images) {
    weights::StateDict state;
    state.insert("images", images);
    weights::save(folder / name, state, {}, true);
  }
};

TEST_F(CommandLine, UnknownFlagsAndCommandsNameTheNearest) {
  expect_error(run({"classify", "-m", "x", "a.png", "--topkk", "3"}), 2, "--topk");
  expect_error(run({"clasify"}), 2, "classify");
  expect_error(run({"models", "lst"}), 2, "list");
  expect_error(run({}), 2, "");
  expect_error(run({"classify", "-m", "vit_tiny_patch16_225", "a.png"}), 2, "vit_tiny_patch16_224");
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "--topk", "many"}), 2, "topk");
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "--precision", "fp17"}), 2, "fp17");
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "--imgsz", "0"}), 2, "--imgsz");
}

TEST_F(CommandLine, IsCheckedBeforeAnyFileIsOpened) {
  expect_error(run({"classify", "-m", "./nowhere.safetensors", "nowhere.png", "--imgsz", "axb"}), 2, "--imgsz");
}

TEST_F(CommandLine, MissingDevicesAreNamed) {
  const auto outcome = run({"classify", "-m", "./model.safetensors", "a.png", "--device", "cuda:99"});
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  expect_error(run({"classify", "-m", "./model.safetensors", "a.png", "--device", "tpu"}), 2, "tpu");
}

TEST_F(CommandLine, EveryHelpHasAnExample) {
  for (const auto& command : std::vector<std::vector<std::string>>{{"classify"}, {"compare"}, {"forward"}, {"preprocess"}, {"weights"},
                                                                   {"weights", "show"}, {"weights", "check"}, {"weights", "convert"},
                                                                   {"weights", "diff"}, {"models"}, {"models", "list"},
                                                                   {"models", "show"}, {"models", "pull"}, {"bench"}, {"detect"}, {"eval"}, {"export"}, {"doctor"}, {"version"}, {"completion"}}) {
    auto arguments = command;
    arguments.push_back("--help");
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("Example:\n  "), std::string::npos) << command.front();
    EXPECT_NE(outcome.out.find("vitral"), std::string::npos);
  }
}

TEST_F(CommandLine, ConfigFilesAreWeakerAndSetIsStrongerThanFlags) {
  spit(folder / "c.toml", "topk = 1\n[classify]\nbatch = 2\n");
  const auto classes = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"classify", "-m", "./model.safetensors", "a.png", "--json", "-", "--config", "c.toml"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(lines(outcome.out).at(0)).at("classes").size();
  };
  EXPECT_EQ(classes({}), 1u);
  EXPECT_EQ(classes({"--topk", "2"}), 2u);
  EXPECT_EQ(classes({"--topk", "2", "--set", "topk=1"}), 1u);
  const auto printed = run({"classify", "-m", "m", "x", "--config", "c.toml", "--print-config"});
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_NE(printed.out.find("topk = 1"), std::string::npos);
  EXPECT_NE(printed.out.find("batch = 2"), std::string::npos);
  spit(folder / "bad.toml", "topkk = 1\n");
  expect_error(run({"classify", "-m", "m", "x", "--config", "bad.toml"}), 2, "topk");
  expect_error(run({"classify", "-m", "m", "x", "--set", "colour=red"}), 2, "colour");
  expect_error(run({"classify", "-m", "m", "x", "--config", "nowhere.toml"}), 2, "nowhere.toml");
}

TEST_F(CommandLine, ForwardWritesLogitsAndFeatures) {
  write_images("in.safetensors", at::randn({3, 3, 32, 32}));
  const auto outcome = run({"forward", "-m", "./model.safetensors", "-i", "in.safetensors", "-o", "out.safetensors", "--features"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto checkpoint = weights::open(folder / "out.safetensors");
  const auto state = weights::to_state_dict(checkpoint, weights::Storage::copied);
  EXPECT_EQ(state["logits"].sizes(), (at::IntArrayRef{3, 2}));
  EXPECT_EQ(state["features"].sizes(), (at::IntArrayRef{3, 192}));
  expect_error(run({"forward", "-m", "./model.safetensors", "-i", "in.safetensors", "-o", "out.safetensors"}), 2, "-y");
  expect_error(run({"forward", "-m", "./model.safetensors", "-i", "in.safetensors", "-o", "in.safetensors", "-y"}), 2, "input");
}

TEST_F(CommandLine, ForwardNamesWhatDoesNotFit) {
  write_images("wide.safetensors", at::randn({1, 3, 48, 32}));
  expect_error(run({"forward", "-m", "./model.safetensors", "-i", "wide.safetensors", "-o", "o.safetensors"}), 4, "48");
  write_images("grey.safetensors", at::randn({1, 1, 32, 32}));
  expect_error(run({"forward", "-m", "./model.safetensors", "-i", "grey.safetensors", "-o", "o.safetensors"}), 4, "channels");
  write_images("half.safetensors", at::randn({1, 3, 32, 32}).to(at::kHalf));
  expect_error(run({"forward", "-m", "./model.safetensors", "-i", "half.safetensors", "-o", "o.safetensors"}), 4, "F32");
  expect_error(run({"forward", "-m", "./model.safetensors", "-i", "model.safetensors", "-o", "o.safetensors"}), 4, "images");
  EXPECT_FALSE(std::filesystem::exists(folder / "o.safetensors"));
}

TEST_F(CommandLine, ConvertingThereAndBackKeepsEveryNumber) {
  ASSERT_EQ(run({"weights", "convert", "model.safetensors", "-o", "hf.safetensors", "--to", "hf"}).code, 0);
  ASSERT_EQ(run({"weights", "convert", "model.safetensors", "-o", "tv.safetensors", "--to", "torchvision"}).code, 0);
  for (const std::string name : {"hf", "tv"}) {
    const auto back = run({"weights", "convert", name + ".safetensors", "-m", "vit_tiny_patch16_224", "--num-classes", "2", "--imgsz", "32", "-o",
                           name + "_back.safetensors", "--to", "timm"});
    ASSERT_EQ(back.code, 0) << back.err;
    const auto diff = run({"weights", "diff", "model.safetensors", name + "_back.safetensors", "--json", "-"});
    const auto report = json::parse(diff.out);
    EXPECT_TRUE(report.at("differing").empty()) << diff.out;
    EXPECT_TRUE(report.at("only_first").empty());
    EXPECT_EQ(report.at("equal"), 152);
  }
  expect_error(run({"weights", "check", "hf.safetensors", "-m", "vit_tiny_patch16_224", "--origin", "nobody"}), 2, "nobody");
}

TEST_F(CommandLine, MismatchedWeightsAreReportedWithExitThree) {
  const auto outcome = run({"weights", "check", "model.safetensors", "-m", "vit_small_patch16_224"});
  EXPECT_EQ(outcome.code, 3);
  run({"weights", "convert", "model.safetensors", "-o", "plain.safetensors", "--to", "timm"});
  const auto wrong = run({"forward", "-m", "vit_small_patch16_224", "-w", "plain.safetensors", "-i", "model.safetensors", "-o", "o.safetensors"});
  expect_error(wrong, 3, "of another shape");
  expect_error(run({"classify", "-m", "./plain.safetensors", "a.png"}), 3, "-m NAME");
  const auto text = slurp(folder / "model.safetensors");
  spit(folder / "cut.safetensors", text.substr(0, text.size() / 2));
  expect_error(run({"classify", "-m", "./cut.safetensors", "a.png"}), 3, "cut.safetensors");
  expect_error(run({"classify", "-m", "vit_tiny_patch16_224", "a.png"}), 3, "models show");
}

TEST_F(CommandLine, ModelsAreListedAsTheContractSays) {
  const auto report = json::parse(run({"models", "list", "--json", "-"}).out);
  ASSERT_GT(report.at("models").size(), 50u);
  for (const auto& model : report["models"]) {
    EXPECT_TRUE(model.at("name").is_string());
    EXPECT_TRUE(model.at("task") == "classify" || model.at("task") == "detect");
    EXPECT_TRUE(model.at("bundled").is_boolean());
  }
  EXPECT_EQ(run({"models", "show", "vit_b_16"}).code, 0);
  expect_error(run({"models", "show", "vit_b_17"}), 2, "vit_b_16");
}

TEST_F(CommandLine, BenchRowsHaveTheContractsFields) {
  const auto outcome = run({"bench", "-m", "./model.safetensors", "--iters", "3", "--warmup", "1", "--threads", "1", "--device", "cpu", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = json::parse(outcome.out);
  EXPECT_EQ(report.at("schema"), "vitral.bench/1");
  EXPECT_FALSE(report.at("machine").contains("gpu"));
  const auto& row = report.at("rows").at(0);
  for (const char* field : {"model", "precision", "batch", "threads", "device", "images_per_s", "params", "gmacs", "peak_rss_mb", "weights_mb"}) {
    EXPECT_TRUE(row.contains(field)) << field;
  }
  EXPECT_LE(row.at("ms").at("min"), row.at("ms").at("p50"));
  EXPECT_EQ(row.at("threads"), 1);
  EXPECT_EQ(row.at("device"), "cpu");
  for (const char* field : {"peak_gpu_mb", "clocks"}) EXPECT_FALSE(row.contains(field)) << field;
}

TEST_F(CommandLine, PreprocessWritesImagesAndSizes) {
  ASSERT_EQ(run({"preprocess", "-m", "resnet50.tv_in1k", "a.png", "b.png", "-o", "t.safetensors"}).code, 0);
  const auto state = weights::to_state_dict(weights::open(folder / "t.safetensors"), weights::Storage::copied);
  EXPECT_EQ(state["images"].sizes(), (at::IntArrayRef{2, 3, 224, 224}));
  EXPECT_TRUE(at::equal(state["sizes"], at::tensor({40, 60, 70, 33}, at::kLong).reshape({2, 2})));
}

TEST_F(CommandLine, SurvivesClosedStandardStreams) {
  const auto outcome = run_shell("\"$VITRAL\" weights convert model.safetensors -o c.safetensors --to timm <&- >&- 2>&-", folder.path());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(run({"weights", "show", "c.safetensors"}).code, 0);
}

TEST_F(CommandLine, VersionDoctorAndCompletionAnswer) {
  EXPECT_TRUE(run({"version"}).out.starts_with("vitral "));
  EXPECT_TRUE(run({"--version"}).out.starts_with("vitral "));
  const auto doctor = run({"doctor", "--json", "-"});
  EXPECT_EQ(doctor.code, 0) << doctor.err;
  EXPECT_EQ(json::parse(doctor.out).at("good"), true);
  for (const char* shell : {"bash", "zsh", "fish"}) EXPECT_NE(run({"completion", shell}).out.find("classify"), std::string::npos);
  spit(folder / "c.bash", run({"completion", "bash"}).out);
  EXPECT_EQ(run_shell("bash -n c.bash", folder.path()).code, 0);
}

}  // namespace
}  // namespace vitral::test
