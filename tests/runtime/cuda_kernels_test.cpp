// What detectors call outside their networks' layers: the same on a GPU as on the CPU, and left there.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "common/nn/deformable.h"
#include "common/nn/nms.h"
#include "common/nn/roi_align.h"
#include "common/runtime/device.h"

namespace vitral {
namespace {

class CudaKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto problem = cuda_problem(); !problem.empty()) GTEST_SKIP() << problem;
    at::manual_seed(3);
    device = resolve_device("cuda");
  }
  void expect_close(const at::Tensor& there, const at::Tensor& here, double tolerance) const {
    ASSERT_EQ(there.device().type(), at::kCUDA);
    ASSERT_EQ(there.sizes(), here.sizes());
    const auto distance = (there.to(at::kCPU, at::kFloat) - here.to(at::kFloat)).abs().max().item<double>();
    EXPECT_LE(distance, tolerance * here.abs().max().item<double>());
  }
  at::Device device = at::kCPU;
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
    const auto kept = nn::nms(b, s, 0.5);
    EXPECT_EQ(kept.device().type(), at::kCUDA);
    EXPECT_TRUE(at::equal(kept.cpu(), nn::nms(boxes, scores, 0.5))) << count;
    for (const auto rule : {NmsRule::exact, NmsRule::torchvision}) {
      EXPECT_TRUE(
          at::equal(nn::batched_nms(b, s, c, 0.45, rule).cpu(), nn::batched_nms(boxes, scores, classes, 0.45, rule)))
          << count;
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
    expect_close(nn::roi_align(there[0], rois.to(device), 0.125, options), nn::roi_align(maps[0], rois, 0.125, options),
                 1e-5);
    expect_close(nn::roi_align(there, rois.to(device), levels.to(device), scales, options),
                 nn::roi_align(maps, rois, levels, scales, options), 1e-5);
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
      const auto there =
          nn::deformable_attend(value.to(device, type), levels, locations.to(device), weights.to(device), sampling);
      EXPECT_EQ(there.scalar_type(), type);
      expect_close(there, here, tolerance);
    }
  }
}

}  // namespace
}  // namespace vitral
