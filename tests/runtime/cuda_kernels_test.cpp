// What detectors call outside their networks' layers: the same on a GPU as on the CPU, and left there.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "common/nn/deformable.h"
#include "common/nn/nms.h"
#include "common/nn/roi_align.h"
#include "tests/support/gpu.h"

namespace vitral {
namespace {

class CudaKernels : public test::NeedsGpu<testing::Test> {
 protected:
  void expect_close(const at::Tensor& there, const at::Tensor& here, double tolerance) const {
    ASSERT_EQ(there.device(), device);
    ASSERT_EQ(there.sizes(), here.sizes());
    const auto distance = (there.to(at::kCPU, at::kFloat) - here.to(at::kFloat)).abs().max().item<double>();
    EXPECT_LE(distance, tolerance * here.abs().max().item<double>());
  }
  const at::NoGradGuard no_grad;
};

TEST_F(CudaKernels, NmsKeepsTheSameBoxesInTheSameOrder) {
  for (const std::int64_t count : {0, 1, 64, 900, 5000}) {
    const auto corner = at::rand({count, 2}) * 500;
    auto boxes = at::cat({corner, corner + at::rand({count, 2}) * 120}, 1);
    const auto scores = (at::rand({count}) * 200).round() / 200;
    const auto classes = at::randint(4, {count}, at::kLong);
    if (count > 10) boxes[7][2] = NAN;
    const auto b = boxes.to(device), s = scores.to(device), c = classes.to(device);
    const auto kept = test::on_gpu([&] { return nn::nms(b, s, 0.5); });
    EXPECT_EQ(kept.device(), device);
    EXPECT_TRUE(at::equal(kept.cpu(), nn::nms(boxes, scores, 0.5))) << count;
    for (const auto rule : {NmsRule::exact, NmsRule::torchvision}) {
      const auto by_class = test::on_gpu([&] { return nn::batched_nms(b, s, c, 0.45, rule); });
      EXPECT_TRUE(at::equal(by_class.cpu(), nn::batched_nms(boxes, scores, classes, 0.45, rule))) << count;
    }
  }
}

TEST_F(CudaKernels, RoiAlignPoolsTheSame) {
  const auto corner = at::rand({40, 2}) * 300;
  const auto picture = at::randint(2, {40, 1}).to(at::kFloat);
  const auto rois = at::cat({picture, corner, corner + at::rand({40, 2}) * 200}, 1);
  const std::vector<at::Tensor> maps = {at::randn({2, 16, 60, 60}), at::randn({2, 16, 30, 30})};
  const std::vector<at::Tensor> there = {maps[0].to(device), maps[1].to(device)};
  const auto levels = at::randint(2, {40}, at::kLong);
  const std::vector<double> scales = {0.125, 0.0625};
  for (const std::int64_t sampling : {-1, 2}) {
    nn::RoiAlignOptions options;
    options.sampling_ratio = sampling;
    const auto one = test::on_gpu([&] { return nn::roi_align(there[0], rois.to(device), 0.125, options); });
    expect_close(one, nn::roi_align(maps[0], rois, 0.125, options), 1e-5);
    const auto all =
        test::on_gpu([&] { return nn::roi_align(there, rois.to(device), levels.to(device), scales, options); });
    expect_close(all, nn::roi_align(maps, rois, levels, scales, options), 1e-5);
  }
}

TEST_F(CudaKernels, DeformableSamplingGathersTheSame) {
  const std::vector<nn::MapSize> levels = {{20, 30}, {10, 15}, {5, 8}};
  const auto value = at::randn({2, nn::token_count(levels), 4, 32});
  const auto locations = at::rand({2, 50, 4, 3, 4, 2}) * 1.2 - 0.1;
  const auto weights = at::rand({2, 50, 4, 3, 4});
  for (const auto sampling : {nn::Sampling::bilinear, nn::Sampling::discrete}) {
    const auto here = nn::deformable_attend(value, levels, locations, weights, sampling);
    for (const auto& [type, tolerance] : {std::pair{at::kFloat, 1e-5}, {at::kBFloat16, 1e-2}, {at::kHalf, 1e-3}}) {
      const auto there = test::on_gpu([&] {
        return nn::deformable_attend(value.to(device, type), levels, locations.to(device), weights.to(device),
                                     sampling);
      });
      EXPECT_EQ(there.scalar_type(), type);
      expect_close(there, here, tolerance);
    }
  }
}

/// Sampling that learns: its gradients are those of LibTorch's operators.
TEST_F(CudaKernels, DeformableSamplingLearnsTheSame) {
  const at::AutoGradMode with_gradients(true);
  const std::vector<nn::MapSize> levels = {{9, 7}, {4, 5}};
  const auto value = at::randn({2, nn::token_count(levels), 3, 10});
  const auto locations = at::rand({2, 6, 3, 2, 4, 2}) * 1.2 - 0.1;
  const auto weights = at::rand({2, 6, 3, 2, 4}), towards = at::randn({2, 6, 30});
  const auto learn = [&](const auto& attend, const at::Device& where, at::ScalarType type, nn::Sampling sampling) {
    std::vector<at::Tensor> leaves;
    for (const auto& x : {value.to(where, type), locations.to(where), weights.to(where)}) {
      leaves.push_back(x.detach().clone().requires_grad_());
    }
    (attend(leaves[0], levels, leaves[1], leaves[2], sampling) * towards.to(where)).sum().backward();
    for (auto& leaf : leaves) leaf = leaf.grad();
    return leaves;
  };
  for (const auto sampling : {nn::Sampling::bilinear, nn::Sampling::discrete}) {
    const auto here = learn(nn::deformable_attend_plain, at::kCPU, at::kFloat, sampling);
    for (const auto& [type, tolerance] : {std::pair{at::kFloat, 2e-5}, {at::kBFloat16, 2e-2}, {at::kHalf, 2e-3}}) {
      const auto there = test::on_gpu([&] { return learn(nn::deformable_attend, device, type, sampling); });
      ASSERT_EQ(there[0].scalar_type(), type);
      expect_close(there[0], here[0], tolerance);
      if (sampling == nn::Sampling::bilinear) expect_close(there[1], here[1], tolerance);
      expect_close(there[2], here[2], tolerance);
    }
  }
}

}  // namespace
}  // namespace vitral
