// `vitral compare`: two precisions, two checkpoints, layer by layer.
#include <ATen/core/grad_mode.h>

#include <nlohmann/json.hpp>

#include "apps/registry.h"
#include "common/runtime/convert.h"
#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Compare : public ProgramTest {
 protected:
  /// model.safetensors with 1 % more in one parameter.
  void write_changed(const std::string& file, const std::string& parameter) {
    const auto registry = apps::make_registry();
    LoadRequest request;
    request.model = (folder / "model.safetensors").string();
    request.storage = weights::Storage::copied;
    const auto model = load_model(*registry, request);
    const at::NoGradGuard no_grad;
    model.net->module().named_parameters()[parameter].mul_(1.01);
    convert_weights(model, "native", folder / file, false);
  }

  json compare(const std::vector<std::string>& words) {
    std::vector<std::string> arguments{"compare", "--json", "-", "-q"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? json::parse(outcome.out) : json::object();
  }
};

TEST_F(Compare, AModelWithItselfIsEqual) {
  const auto report = compare({"./model.safetensors", "./model.safetensors", "a.png", "--tol", "0"});
  EXPECT_EQ(report["schema"], "vitral.compare/1");
  EXPECT_TRUE(report["first"].is_null());
  EXPECT_TRUE(report["unmatched"].empty());
  // A ViT of 12 blocks: two norms, qkv, proj and two linear layers each; the patches, the last norm, the head.
  EXPECT_EQ(report["layers"].size(), 12u * 6 + 3);
  EXPECT_EQ(report["layers"].front()["layer"], "patch_embed.proj");
  EXPECT_EQ(report["layers"].back()["layer"], "head");
  for (const auto& layer : report["layers"]) EXPECT_EQ(layer["max_abs"], 0.0) << layer["layer"];
  EXPECT_EQ(report["outputs"][0]["layer"], "logits");
  EXPECT_EQ(report["outputs"][0]["shape"], (std::vector<int>{1, 2}));
}

TEST_F(Compare, ErrorsOfALowerPrecisionGrowWithDepth) {
  const auto probe = run({"classify", "-m", "./model.safetensors", "a.png", "--precision", "bf16"});
  if (probe.code == 5) GTEST_SKIP() << probe.err;
  const auto report = compare({"fp32", "bf16", "a.png", "-m", "./model.safetensors"});
  const auto& layers = report["layers"];
  const auto mean = [&](std::size_t begin, std::size_t end) {
    double sum = 0;
    for (auto i = begin; i < end; ++i) sum += layers[i]["relative"].get<double>();
    return sum / static_cast<double>(end - begin);
  };
  const auto count = layers.size();
  EXPECT_GT(mean(0, count / 4), 0.0);
  EXPECT_GT(mean(count / 2, count), mean(0, count / 4));
  EXPECT_LT(mean(0, count), 0.1);
  for (const auto& layer : layers) EXPECT_GT(layer["cosine"], 0.99) << layer["layer"];
}

TEST_F(Compare, NamesTheOneChangedLayer) {
  for (const std::string layer :
       {"patch_embed.proj", "blocks.3.mlp.fc1", "blocks.7.norm2", "blocks.11.attn.qkv", "head"}) {
    write_changed(layer + ".safetensors", layer + ".weight");
    const auto report = compare({"./model.safetensors", "./" + layer + ".safetensors", "a.png", "--tol", "1e-6"});
    EXPECT_EQ(report["first"]["layer"], layer);
    for (const auto& each : report["layers"]) {
      if (each["layer"] == layer) break;
      EXPECT_EQ(each["max_abs"], 0.0) << each["layer"];
    }
    const auto text = run({"compare", "./model.safetensors", "./" + layer + ".safetensors", "a.png", "--tol", "1e-6"});
    EXPECT_NE(text.out.find("first layer beyond 1e-06: " + layer + "\n"), std::string::npos) << text.out;
  }
}

TEST_F(Compare, LayersCanBeChosen) {
  const auto report =
      compare({"fp32", "fp32", "b.png", "-m", "./model.safetensors", "--layers", "blocks.?.norm1,head"});
  EXPECT_EQ(report["layers"].size(), 11u);
  expect_error(run({"compare", "fp32", "fp32", "a.png", "-m", "./model.safetensors", "--layers", "nothing"}), 2,
               "--layers");
}

TEST_F(Compare, SidesAreModelsFilesPrecisionsAndDevices) {
  ASSERT_EQ(run({"weights", "convert", "model.safetensors", "-o", "hf.safetensors", "--to", "hf"}).code, 0);
  ASSERT_EQ(run({"weights", "convert", "model.safetensors", "-o", "timm.safetensors", "--to", "timm"}).code, 0);
  const std::vector<std::string> small{"-m", "vit_tiny_patch16_224", "--num-classes", "2", "--imgsz", "32"};
  std::vector<std::string> words{"timm.safetensors@cpu", "timm.safetensors@fp32", "a.png"};
  words.insert(words.end(), small.begin(), small.end());
  EXPECT_TRUE(compare(words)["first"].is_null());
  // transformers' norms have another epsilon: equal to five digits, not to the last.
  words[1] = "hf.safetensors";
  EXPECT_TRUE(compare(words)["first"].is_null());
  EXPECT_FALSE(compare({"vit_tiny_patch16_224", "deit_tiny_patch16_224", "a.png", "--imgsz", "32"})["layers"].empty());
}

TEST_F(Compare, RefusesWhatCannotBeCompared) {
  expect_error(run({"compare", "fp32", "bf16", "a.png"}), 2, "-m names the model");
  expect_error(run({"compare", "./model.safetensors", "./model.safetensors", "nowhere.png"}), 4, "nowhere.png");
  expect_error(run({"compare", "./model.safetensors", "./nowhere.safetensors", "a.png"}), 3, "nowhere.safetensors");
  expect_error(run({"compare", "resnet18", "vit_tiny_patch16_224", "a.png"}), 2, "in common");
  expect_error(run({"compare", "fp32@@cpu", "fp32", "a.png", "-m", "./model.safetensors"}), 2, "fp32@@cpu");
}

}  // namespace
}  // namespace vitral::test
