// Losses of Faster R-CNN and YOLOX against torchvision and Megvii, and the parts that chance would hide.
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "cnn/box_coder.h"
#include "cnn/detector_presets.h"
#include "cnn/simota.h"
#include "tests/cnn/detectors.h"
#include "tests/support/source_dir.h"

namespace vitral::cnn {
namespace {

const nlohmann::json& golden() {
  static const nlohmann::json all = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/cnn_detectors.json");
    return nlohmann::json::parse(file);
  }();
  return all;
}

std::vector<Objects> objects() {
  std::vector<Objects> result;
  for (const auto& each : golden().at("objects")) {
    std::vector<float> corners;
    for (const auto& box : each.at("boxes")) corners.insert(corners.end(), box.begin(), box.end());
    const auto labels = each.at("labels").get<std::vector<std::int64_t>>();
    result.push_back({at::tensor(corners, at::kFloat).view({-1, 4}), at::tensor(labels, at::kLong)});
  }
  return result;
}

at::Tensor sum_of(const NamedTensors& losses) {
  auto sum = losses.front().second;
  for (std::size_t i = 1; i < losses.size(); ++i) sum = sum + losses[i].second;
  return sum;
}

void expect_losses(const NamedTensors& losses, const nlohmann::json& expected) {
  ASSERT_EQ(losses.size(), expected.size());
  for (const auto& [name, loss] : losses) {
    const double theirs = expected.at(name).get<double>();
    EXPECT_NEAR(loss.item<double>(), theirs, 2e-5 * std::max(1.0, theirs)) << name;
  }
}

template <class Options>
const Options& preset(std::span<const DetectorPreset<Options>> presets, const std::string& name) {
  return std::find_if(presets.begin(), presets.end(), [&](const auto& each) { return each.name == name; })->options;
}

TEST(YoloxLosses, EqualMegvii) {
  ASSERT_EQ(golden().at("yolox_losses").size(), 2U);
  for (const auto& each : golden().at("yolox_losses")) {
    SCOPED_TRACE(each.at("model"));
    Yolox net(preset(yolox_presets(), each.at("model")));
    test::fill_hashed_detector(*net);
    for (const auto& layer : *net->head->reg_preds) layer->as<nn::Conv2d>()->bias.detach().narrow(0, 2, 2).add_(1.0);
    net->eval();
    const auto losses = yolox_losses(*net, net->forward_head(test::hashed_pictures(3, 64, 64) * 60), objects(), {true});
    expect_losses(losses, each.at("losses"));
    sum_of(losses).backward();
    const auto gradient = net->head->stems[0]->as<ConvUnit>()->conv->weight.grad();
    EXPECT_NEAR(gradient.to(at::kDouble).abs().sum().item<double>() / each.at("gradient").get<double>(), 1, 1e-4);
  }
}

TEST(FasterRcnnLosses, EqualTorchvision) {
  FasterRcnn net(preset(faster_rcnn_presets(), "fasterrcnn_resnet50_fpn"));
  test::fill_hashed_detector(*net);
  RegionLossOptions options;
  options.rpn_sample.count = options.roi_sample.count = 10'000'000;  // nothing is left to chance
  const auto losses = faster_rcnn_losses(*net, {test::hashed_pictures(3, 64, 64), {}}, objects(), options);
  const auto& expected = golden().at("faster_rcnn_losses");
  expect_losses(losses, expected.at("losses"));
  sum_of(losses).backward();
  const auto gradient = net->backbone->fpn->layer_blocks[0]->as<ConvUnit>()->conv->weight.grad();
  EXPECT_NEAR(gradient.to(at::kDouble).abs().sum().item<double>() / expected.at("gradient").get<double>(), 1, 1e-4);
}

TEST(FasterRcnnLosses, AreFiniteForSamplesOfBothVersions) {
  for (const bool second : {false, true}) {
    FasterRcnn net(test::tiny_faster_rcnn(second));
    test::fill_hashed_detector(*net);
    auto truth = objects();
    for (auto& each : truth) each.labels = each.labels.clamp_max(4);
    RegionLossOptions options;
    options.rpn_sample.count = 32;
    options.roi_sample.count = 16;
    const auto losses = faster_rcnn_losses(*net, {test::hashed_pictures(3, 64, 64), {}}, truth, options);
    EXPECT_TRUE(at::isfinite(sum_of(losses)).item<bool>());
    sum_of(losses).backward();
    for (const auto& parameter : net->named_parameters()) {
      ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
      EXPECT_TRUE(at::isfinite(parameter.value().grad()).all().item<bool>()) << parameter.key();
    }
  }
}

TEST(Match, FollowsTheThresholds) {
  const auto overlaps = at::tensor({0.7, 0.69, 0.3, 0.29, 0.1, 0.2, 0.8, 0.25, 0.0, 0.4}).view({2, 5});
  const auto plain = match(overlaps, {0.7, 0.3, false});
  test::expect_equal(plain, at::tensor({0, 1, -2, -1, -2}).to(at::kLong));
  const auto poor = at::tensor({0.1, 0.2, 0.2, 0.05, 0.15, 0.1}).view({2, 3});
  test::expect_equal(match(poor, {0.7, 0.3, true}), at::tensor({-1, 0, 0}).to(at::kLong));
}

TEST(Sample, TakesTheShareOfPositives) {
  const auto labels = at::cat({at::ones({40}), at::zeros({100}), -at::ones({10})});
  const auto [positive, negative] = sample(labels, {32, 0.25}, at::make_generator<at::CPUGeneratorImpl>(1));
  EXPECT_EQ(positive.size(0), 8);
  EXPECT_EQ(negative.size(0), 24);
  EXPECT_TRUE((positive < 40).all().item<bool>());
  EXPECT_TRUE(((negative >= 40) & (negative < 140)).all().item<bool>());
  const auto [few, rest] = sample(labels.narrow(0, 38, 60), {32, 0.25}, std::nullopt);
  EXPECT_EQ(few.size(0), 2);
  EXPECT_EQ(rest.size(0), 30);
}

TEST(BoxCoder, DecodesWhatItEncodes) {
  const auto boxes = at::tensor({1.0F, 2.0F, 30.0F, 9.0F, 5.0F, 5.0F, 6.0F, 80.0F}).view({2, 4});
  const auto references = at::tensor({0.0F, 0.0F, 16.0F, 16.0F, 3.0F, 2.0F, 9.0F, 60.0F}).view({2, 4});
  test::expect_close(decode_boxes(encode_boxes(boxes, references, kRoiWeights), references, kRoiWeights), boxes, 1e-6);
}

}  // namespace
}  // namespace vitral::cnn
