// One step of training on a GPU beside the same step on the CPU, in fp32; and what detectors learn by.
#include <ATen/ATen.h>

#include "common/core/error.h"
#include "detr/criterion.h"
#include "tests/runtime/cuda_support.h"
#include "tests/support/hashed.h"
#include "tests/train/small_detectors.h"
#include "train/optimizer.h"

namespace vitral::train {
namespace {

constexpr double kLr = 0.01;

/// Sums are made in another order there; a step is as far off as the gradient that it follows.
constexpr double kBound = 1e-3;

using StepOnCuda = test::NeedsGpu<testing::Test>;

struct Step {
  double loss;
  std::vector<at::Tensor> start, end;  // of the weights
};

/// A step of SGD along the clipped gradient of `loss`.
template <class Loss>
Step step_of(torch::nn::Module& module, const at::Device& device, const Loss& loss) {
  Step step;
  for (const auto& parameter : module.parameters()) step.start.push_back(parameter.detach().clone());
  module.to(device);
  module.train();
  OptimizerOptions options;
  options.kind = OptimizerKind::sgd;
  Optimizer optimizer(group_parameters(module, {}), options);
  const at::Tensor total = loss(device);
  total.backward();
  step.loss = total.item<double>();
  if (device.is_cpu()) {
    clip_gradients(optimizer.parameters(), 1.0);
    optimizer.step(kLr);
  } else {
    const auto norm = gradient_norm(optimizer.parameters());
    optimizer.step(kLr, {norm.clamp_min(1.0), at::zeros_like(norm)});
  }
  for (const auto& parameter : module.parameters()) step.end.push_back(parameter.detach().cpu());
  return step;
}

void expect_close(const Step& there, const Step& here) {
  EXPECT_NEAR(there.loss, here.loss, 1e-4 * here.loss);
  test::expect_same_way(there.end, here.end, here.start, kBound);
}

TEST_F(StepOnCuda, OfClassifiersIsThatOfTheCpu) {
  const test::ExactFloats exact;
  for (const char* name : {"fashion_vit", "fashion_tnt", "fashion_swin", "fashion_resnet"}) {
    SCOPED_TRACE(name);
    BuildOptions options;
    options.num_classes = 5;
    options.image_size = {32, 32};
    const auto images = test::hashed({8, 3, 32, 32}, 1, 0, 2);
    const auto labels = at::arange(8) % 5;
    const auto step = [&](const at::Device& where) {
      at::manual_seed(5);
      const auto net = test::entry_of(name).build_classifier(options);
      return step_of(net->module(), where, [&](const at::Device& at) {
        return at::cross_entropy_loss(net->forward(images.to(at)), labels.to(at));
      });
    };
    expect_close(step(device), step(at::kCPU));
  }
}

std::vector<ObjectTensors> objects(std::int64_t classes, double side) {
  std::vector<ObjectTensors> result;
  for (const std::int64_t count : {3, 0, 2}) {
    const auto picture = static_cast<std::uint32_t>(result.size());
    const auto labels = ((test::hashed({count}, 60 + picture) + 0.5) * classes).to(at::kLong);
    const auto boxes = 0.25 + 0.25 * at::sigmoid(test::hashed({count, 4}, 50 + picture, 0, 4));
    const auto half = boxes.slice(1, 2, 4) / 2, center = boxes.slice(1, 0, 2);
    result.push_back({labels, at::cat({center - half, center + half}, 1) * side, boxes});
  }
  return result;
}

std::vector<ObjectTensors> on(const std::vector<ObjectTensors>& objects, const at::Device& device) {
  std::vector<ObjectTensors> result;
  for (const auto& each : objects) {
    result.push_back({each.labels.to(device), each.boxes.to(device), each.normalised.to(device)});
  }
  return result;
}

TEST_F(StepOnCuda, OfDetectorsIsThatOfTheCpu) {
  const test::ExactFloats exact;
  constexpr std::int64_t kSide = 96;
  const auto images = test::hashed({3, 3, kSide, kSide}, 1, 0, 2);
  const std::vector<std::pair<std::string, std::function<std::shared_ptr<Network>()>>> networks = {
      {"detr", [] { return detr::Detr(test::small_detr()).ptr(); }},
      {"deformable_detr", [] { return detr::DeformableDetr(test::small_deformable_detr()).ptr(); }}};
  for (const auto& [name, build] : networks) {
    SCOPED_TRACE(name);
    const auto step = [&, &build = build](const at::Device& where) {
      at::manual_seed(5);
      const auto net = std::dynamic_pointer_cast<Detector>(build());
      return step_of(net->module(), where, [&](const at::Device& at) {
        at::Tensor total;
        for (const auto& [part, loss] : net->losses({images.to(at), {}}, on(objects(2, kSide), at), 0)) {
          total = total.defined() ? total + loss : loss;
        }
        return total;
      });
    };
    expect_close(step(device), step(at::kCPU));
  }
}

using LossesOnCuda = test::NeedsGpu<testing::Test>;

detr::SetPrediction prediction(std::int64_t logits, std::uint32_t seed) {
  return {test::hashed({3, 20, logits}, seed, 0, 6), at::sigmoid(test::hashed({3, 20, 4}, seed + 1, 0, 4))};
}

TEST_F(LossesOnCuda, MatcherAndCriterionAreThoseOfTheCpu) {
  constexpr std::int64_t kClasses = 6;
  const auto here = detr::targets_of(objects(kClasses, 96)),
             there = detr::targets_of(on(objects(kClasses, 96), device));
  for (const auto& options : {detr::detr_criterion(), detr::deformable_detr_criterion(), detr::rtdetr_criterion()}) {
    const auto logits = kClasses + (options.match.softmax ? 1 : 0);
    std::vector<detr::SetPrediction> ours, theirs;
    for (const std::uint32_t layer : {1, 11, 21}) {
      ours.push_back(prediction(logits, layer));
      ours.back().logits.requires_grad_(true);
      theirs.push_back({ours.back().logits.detach().to(device).requires_grad_(true), ours.back().boxes.to(device)});
    }
    const auto expected = detr::match(ours, here, options.match), matched = detr::match(theirs, there, options.match);
    for (std::size_t k = 0; k < ours.size(); ++k) {
      for (std::size_t i = 0; i < here.size(); ++i) {
        EXPECT_TRUE(at::equal(matched[k].pictures[i].queries, expected[k].pictures[i].queries)) << k << " " << i;
        EXPECT_TRUE(at::equal(matched[k].pictures[i].targets, expected[k].pictures[i].targets)) << k << " " << i;
      }
    }
    const auto wanted = detr::set_criterion(ours, here, options), cost = detr::set_criterion(theirs, there, options);
    EXPECT_LE(test::apart(cost.total, wanted.total), 1e-5);
    wanted.total.backward();
    cost.total.backward();
    for (std::size_t k = 0; k < ours.size(); ++k) {
      EXPECT_LE(test::apart(theirs[k].logits.grad(), ours[k].logits.grad()), 1e-5) << k;
    }
  }
}

TEST_F(LossesOnCuda, ALabelThatIsNoClassIsToldAndTheGpuLives) {
  auto wrong = detr::targets_of(on(objects(6, 96), device));
  wrong[2].labels = wrong[2].labels + 100;
  auto ours = prediction(7, 1);
  ours = {ours.logits.to(device), ours.boxes.to(device)};
  EXPECT_THROW(detr::match(ours, wrong, {}), Error);
  EXPECT_EQ(at::ones({3}, device).sum().item<double>(), 3);
}

TEST_F(StepOnCuda, OfEachOptimizerIsThatOfTheCpuAndIsLeftOutWhereAsked) {
  for (const auto kind : {OptimizerKind::adamw, OptimizerKind::sgd, OptimizerKind::lion}) {
    OptimizerOptions options;
    options.kind = kind;
    const auto here = test::hashed({3, 40}, 1).requires_grad_(true);
    const auto there = here.detach().to(device).requires_grad_(true);
    Optimizer one({{{"weight"}, {here}, 1.0, 0.05}}, options), two({{{"weight"}, {there}, 1.0, 0.05}}, options);
    for (std::uint32_t step = 0; step < 5; ++step) {
      const bool left_out = step == 2;
      here.mutable_grad() = test::hashed({3, 40}, 10 + step);
      there.mutable_grad() = here.grad().to(device) * 4;
      if (left_out) there.mutable_grad()[0][0] = NAN;
      const auto number = at::TensorOptions(device).dtype(at::kFloat);
      if (!left_out) one.step(0.1);
      two.step(0.1, {at::full({}, 4.0, number), at::full({}, left_out ? 1.0 : 0.0, number)});
      EXPECT_LE(test::apart(there.detach(), here.detach()), 1e-5) << to_string(kind) << " " << step;
    }
  }
}

}  // namespace
}  // namespace vitral::train
