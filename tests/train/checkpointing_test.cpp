// Every family trains with its layers checkpointed as it does without, and in less memory.
#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "apps/registry.h"
#include "common/nn/checkpoint.h"
#include "tests/support/hashed.h"
#include "tests/support/peak_bytes.h"
#include "tests/train/small_detectors.h"

namespace vitral::train {
namespace {

std::shared_ptr<Network> build(const std::string& name) {
  BuildOptions options;
  options.dropout = 0.1;
  options.drop_path = 0.2;
  if (name.starts_with("fashion")) options.image_size = {32, 32};
  if (name == "detr")
    return detr::Detr(test::small_detr().queries(100).encoder_depth(6).decoder_depth(6).dropout(0.1)).ptr();
  if (name.starts_with("deformable_detr")) {
    const auto layer = test::small_deformable_detr().layer().dropout(0.1);
    const bool two_stage = name.ends_with("two_stage");
    return detr::DeformableDetr(test::small_deformable_detr().layer(layer).encoder_depth(4).two_stage(two_stage)).ptr();
  }
  static const auto registry = apps::make_registry();
  return registry->resolve(name).entry->build(options);
}

at::Tensor loss_of(Network& net) {
  if (auto* classifier = dynamic_cast<Classifier*>(&net)) {
    // Enough pictures that what lies between the layers is more than weights and their gradients.
    return classifier->forward(test::hashed_pictures(32, 32, 32)).square().mean();
  }
  auto& detector = dynamic_cast<Detector&>(net);
  const PictureBatch batch{test::hashed_pictures(4, 160, 160), {}};
  const auto middle = at::tensor({0.4, 0.5, 0.3, 0.2}, at::kFloat).view({1, 4});
  const auto corners = at::tensor({0.25, 0.4, 0.55, 0.6}, at::kFloat).view({1, 4}) * 160;
  const std::vector<ObjectTensors> objects(4, {at::zeros({1}, at::kLong), corners, middle});
  at::Tensor total;
  for (const auto& [part, loss] : detector.losses(batch, objects, 0)) total = total.defined() ? total + loss : loss;
  return total;
}

struct Pass {
  double loss = 0;
  std::vector<at::Tensor> gradients, buffers;
  std::int64_t peak = 0;
};

Pass pass(const std::string& name, bool checkpointing) {
  at::manual_seed(5);
  const auto net = build(name);
  net->module().train();
  Pass result;
  result.peak = test::peak_bytes([&] {
    const nn::CheckpointScope scope(checkpointing);
    const auto loss = loss_of(*net);
    loss.backward();
    result.loss = loss.item<double>();
  });
  for (const auto& each : net->module().parameters()) result.gradients.push_back(each.grad());
  for (const auto& each : net->module().buffers()) result.buffers.push_back(each.clone());
  return result;
}

class Checkpointing : public testing::TestWithParam<const char*> {};

TEST_P(Checkpointing, ChangesMemoryAndNothingElse) {
  const auto plain = pass(GetParam(), false), checkpointed = pass(GetParam(), true);
  EXPECT_EQ(plain.loss, checkpointed.loss);
  ASSERT_EQ(plain.gradients.size(), checkpointed.gradients.size());
  double largest = 0;
  for (const auto& each : plain.gradients) {
    if (each.defined()) largest = std::max(largest, each.abs().max().item<double>());
  }
  for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
    ASSERT_EQ(plain.gradients[i].defined(), checkpointed.gradients[i].defined()) << i;
    if (!plain.gradients[i].defined()) continue;
    // Where a gradient is a sum over several layers, they may be added in another order.
    const double off = (plain.gradients[i] - checkpointed.gradients[i]).abs().max().item<double>();
    EXPECT_LE(off, 1e-5 * largest) << i;
  }
  for (std::size_t i = 0; i < plain.buffers.size(); ++i)
    EXPECT_TRUE(at::equal(plain.buffers[i], checkpointed.buffers[i]));
  RecordProperty("plain_bytes", std::to_string(plain.peak));
  RecordProperty("checkpointed_bytes", std::to_string(checkpointed.peak));
  std::printf("%s: %.1f MB instead of %.1f MB\n", GetParam(), 1e-6 * static_cast<double>(checkpointed.peak),
              1e-6 * static_cast<double>(plain.peak));
  EXPECT_LT(static_cast<double>(checkpointed.peak), 0.8 * static_cast<double>(plain.peak));
}

INSTANTIATE_TEST_SUITE_P(Families, Checkpointing,
                         testing::Values("fashion_vit", "fashion_tnt", "fashion_swin", "fashion_resnet", "detr",
                                         "deformable_detr", "deformable_detr_two_stage", "scenes_rtdetr"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace vitral::train
