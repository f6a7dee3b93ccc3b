// Full-size Faster R-CNNs and YOLOX with hashed weights against torchvision and Megvii.
#include <gtest/gtest.h>

#include "cnn/register.h"
#include "common/nn/init.h"
#include "common/runtime/prepare.h"
#include "tests/cnn/detectors.h"
#include "tests/support/source_dir.h"

namespace vitral::cnn {
namespace {

const nlohmann::json& golden(const char* part) {
  static const nlohmann::json all = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/cnn_detectors.json");
    return nlohmann::json::parse(file);
  }();
  return all.at(part);
}

at::Tensor tensor_of(const nlohmann::json& numbers) {
  return at::tensor(numbers.get<std::vector<double>>()).to(at::kFloat);
}

std::vector<Detections> detections_of(const nlohmann::json& pictures) {
  std::vector<Detections> result;
  for (const auto& each : pictures) {
    result.push_back({tensor_of(each.at("boxes")).view({-1, 4}), tensor_of(each.at("scores")),
                      at::tensor(each.at("labels").get<std::vector<std::int64_t>>(), at::kLong)});
  }
  return result;
}

template <class Impl>
std::shared_ptr<Impl> build(const nlohmann::json& golden) {
  Registry registry;
  register_cnn_detectors(registry);
  const nn::SkipInit no_random_numbers;
  auto net = registry.resolve(golden.at("model").get<std::string>()).entry->build_detector({});
  test::fill_hashed_detector(net->module());
  net->module().eval();
  return std::dynamic_pointer_cast<Impl>(net);
}

void expect_sets(const std::vector<Detections>& found, const nlohmann::json& golden, double pixels) {
  const auto expected = detections_of(golden);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    SCOPED_TRACE("picture " + std::to_string(i));
    test::expect_same_set(found[i], expected[i], pixels, 2e-5);
    test::expect_best_first(found[i]);
  }
}

TEST(Yolox, EqualsMegvii) {
  const at::NoGradGuard no_grad;
  ASSERT_EQ(golden("yolox").size(), 3U);
  for (const auto& each : golden("yolox")) {
    SCOPED_TRACE(each.at("model"));
    const auto net = build<YoloxImpl>(each);
    const PictureBatch batch{test::hashed_pictures(2, each.at("image")[0], each.at("image")[1]) * 60, {}};
    const auto anchors = at::tensor(each.at("anchors").get<std::vector<std::int64_t>>(), at::kLong);
    const auto expected = tensor_of(each.at("decoded")).view({2, anchors.size(0), 12});
    for (const bool prepared : {false, true}) {
      if (prepared) prepare_for_inference(*net, nn::Precision::fp32);
      const auto decoded = net->decode(net->forward_head(batch.images));
      test::expect_close(decoded.index_select(1, anchors).narrow(2, 0, 12), expected, 2e-5);
      EXPECT_NEAR(decoded.to(at::kDouble).sum().item<double>(), each.at("sum").get<double>(),
                  1e-5 * std::abs(each.at("sum").get<double>()));
      expect_sets(net->detections(batch, net->forward(batch), {0.01, 1000, {}}), each.at("found"), 2e-3);
      expect_sets(net->detect(batch, {0.1, 1000, 0.05}), each.at("strict"), 2e-3);
    }
  }
}

at::Tensor padding_of(const nlohmann::json& golden) {
  const auto& contents = golden.at("contents");
  const std::int64_t count = static_cast<std::int64_t>(contents.size());
  auto mask = at::ones({count, golden.at("image")[0].get<std::int64_t>(), golden.at("image")[1].get<std::int64_t>()},
                       at::kBool);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& content = contents[static_cast<std::size_t>(i)];
    mask[i].narrow(0, 0, content[0].get<std::int64_t>()).narrow(1, 0, content[1].get<std::int64_t>()).fill_(false);
  }
  return mask;
}

TEST(FasterRcnn, EqualsTorchvision) {
  const at::NoGradGuard no_grad;
  ASSERT_EQ(golden("faster_rcnn").size(), 3U);
  for (const auto& each : golden("faster_rcnn")) {
    SCOPED_TRACE(each.at("model"));
    const auto net = build<FasterRcnnImpl>(each);
    PictureBatch batch{test::hashed_pictures(2, each.at("image")[0], each.at("image")[1]), padding_of(each)};
    batch.images.mul_(batch.mask.logical_not().unsqueeze(1));
    for (const bool prepared : {false, true}) {
      if (prepared) prepare_for_inference(*net, nn::Precision::fp32);
      const auto maps = net->backbone->forward(batch.images);
      const auto proposals =
          net->rpn->forward(maps, {batch.images.size(2), batch.images.size(3)}, picture_sizes(batch));
      for (std::size_t i = 0; i < proposals.size(); ++i) {
        const auto& expected = each.at("proposals")[i];
        ASSERT_EQ(proposals[i].size(0), expected.at("count").get<std::int64_t>());
        // Not their order: scores of one are many here, and torchvision leaves equal scores in any order.
        for (const auto& box : tensor_of(expected.at("first")).view({5, 4}).unbind(0)) {
          EXPECT_LE((proposals[i] - box).abs().amax(1).min().item<double>(), 2e-3);
        }
        EXPECT_NEAR(proposals[i].sum().item<double>() / expected.at("sum").get<double>(), 1, 1e-5);
      }
      expect_sets(net->detections(batch, net->forward(batch), {0.05, 300, {}}), each.at("found"), 2e-3);
    }
  }
}

}  // namespace
}  // namespace vitral::cnn
