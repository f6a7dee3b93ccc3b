// The gradient of deformable sampling on a GPU, sample after sample on the host, against torch's autograd.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "common/core/error.h"
#include "common/kernels/cuda/deformable_backward.h"
#include "tests/kernels/cuda_sides.h"
#include "tests/kernels/support.h"
#include "tests/support/source_dir.h"

namespace vitral::kernels {
namespace {

using Json = nlohmann::json;

Buffer buffer_of(const Json& numbers, DType dtype) {
  Buffer buffer(dtype, static_cast<std::int64_t>(numbers.size()));
  for (std::int64_t i = 0; i < buffer.count(); ++i) buffer.set(i, numbers[static_cast<std::size_t>(i)].get<float>());
  return buffer;
}

/// The problem of golden/deformable_gradient.py, in a number format.
struct Problem {
  std::vector<std::int64_t> sizes;
  Buffer value, locations, weights, grad_out;
  Buffer grad_value, grad_locations, grad_weights;  ///< expected ones, for fp32
};

Problem golden(DType dtype) {
  std::ifstream file(test::source_dir() + "/tests/golden/deformable_gradient.json");
  const Json json = Json::parse(file);
  return {json["sizes"].get<std::vector<std::int64_t>>(),
          buffer_of(json["value"], dtype),
          buffer_of(json["locations"], DType::f32),
          buffer_of(json["weights"], DType::f32),
          buffer_of(json["grad_out"], dtype),
          buffer_of(json["grad_value"], DType::f32),
          buffer_of(json["grad_locations"], DType::f32),
          buffer_of(json["grad_weights"], DType::f32)};
}

DeformableArgs forward_of(const Problem& problem, DType dtype) {
  DeformableArgs args;
  args.dtype = dtype;
  args.batch = 2, args.queries = 3, args.heads = 2, args.dim = 3, args.levels = 3, args.points = 2;
  args.tokens = 4 * 5 + 3 * 2 + 1;
  args.sizes = problem.sizes.data();
  args.value = problem.value.data();
  args.locations = problem.locations.floats(), args.weights = problem.weights.floats();
  return args;
}

struct Gradients {
  Buffer value, locations, weights;
};

Gradients by_twin(const DeformableArgs& forward, const Problem& problem) {
  Gradients got = {Buffer(DType::f32, problem.value.count()), untouched(DType::f32, problem.locations.count()),
                   untouched(DType::f32, problem.weights.count())};
  cuda::DeformableBackwardArgs args;
  args.forward = forward;
  args.grad_out = problem.grad_out.data();
  args.grad_value = static_cast<float*>(got.value.data());
  args.grad_locations = static_cast<float*>(got.locations.data());
  args.grad_weights = static_cast<float*>(got.weights.data());
  test::side().deformable_backward(args, nullptr);
  return got;
}

class DeformableGradient : public testing::TestWithParam<DType> {};

/// 16-bit values differ from the golden ones in their last digits, and so do the gradients.
TEST_P(DeformableGradient, IsThatOfTorch) {
  const Problem problem = golden(GetParam());
  const Gradients got = by_twin(forward_of(problem, GetParam()), problem);
  const double tolerance = GetParam() == DType::f32 ? 2e-6 : GetParam() == DType::bf16 ? 1e-2 : 2e-3;
  EXPECT_LE(relative_error(got.value, problem.grad_value), tolerance);
  EXPECT_LE(relative_error(got.locations, problem.grad_locations), tolerance);
  EXPECT_LE(relative_error(got.weights, problem.grad_weights), tolerance);
}

double inner(const Buffer& a, const Buffer& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.count(); ++i) sum += static_cast<double>(a.get(i)) * b.get(i);
  return sum;
}

/// Of the nearest pixel the output is linear in values and in weights, and does not depend on where exactly a point is:
/// each gradient, times what it is of, is the output times its gradient.
TEST_P(DeformableGradient, OfTheNearestPixelsIsThatOfALinearFunction) {
  const Problem problem = golden(GetParam());
  DeformableArgs args = forward_of(problem, GetParam());
  args.nearest = true;
  Buffer out(GetParam(), problem.grad_out.count());
  args.out = out.data();
  check_deformable(args);
  std::mt19937 random(31);
  for (int other = 0; other < 3; ++other) {  // the gradient by values does not depend on them: in any direction
    const Gradients got = by_twin(args, problem);
    Problem moved = golden(GetParam());
    moved.value = Buffer::random(GetParam(), problem.value.count(), random);
    DeformableArgs there = args;
    there.value = moved.value.data();
    deformable(there, 0, args.batch * args.queries);
    const double expected = inner(out, problem.grad_out), tolerance = GetParam() == DType::f32 ? 1e-5 : 5e-2;
    EXPECT_NEAR(inner(got.value, moved.value), expected, tolerance * std::fmax(1, std::fabs(expected)));
    const Gradients weighed = by_twin(there, moved);
    EXPECT_NEAR(inner(weighed.weights, moved.weights), expected, tolerance * std::fmax(1, std::fabs(expected)));
    for (std::int64_t i = 0; i < got.locations.count(); ++i) ASSERT_EQ(got.locations.get(i), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(CudaTwins, DeformableGradient, testing::Values(DType::f32, DType::bf16, DType::f16),
                         [](const auto& info) { return dtype_name(info.param); });

TEST(CudaTwins, DeformableGradientIsAddedToAndSkipsWhatIsNoNumber) {
  const std::vector<std::int64_t> sizes = {1, 1};
  const float value = 2, weight = 3, grad_out = 5;
  float locations[] = {0.5F, 0.5F}, grad_value = 1, grad_locations[2], grad_weight = 0;
  cuda::DeformableBackwardArgs args;
  DeformableArgs& f = args.forward;
  f.batch = f.queries = f.heads = f.dim = f.levels = f.points = f.tokens = 1;
  f.sizes = sizes.data(), f.value = &value, f.weights = &weight, f.locations = locations;
  args.grad_out = &grad_out;
  args.grad_value = &grad_value, args.grad_locations = grad_locations;
  EXPECT_THROW(test::side().deformable_backward(args, nullptr), Error);
  args.grad_weights = &grad_weight;
  test::side().deformable_backward(args, nullptr);
  EXPECT_EQ(grad_value, 1 + 15);
  EXPECT_EQ(grad_weight, 10);
  locations[0] = std::nanf("");
  test::side().deformable_backward(args, nullptr);
  EXPECT_EQ(grad_value, 1 + 15);
  EXPECT_EQ(grad_weight, 0);
  EXPECT_EQ(grad_locations[0], 0);
}

}  // namespace
}  // namespace vitral::kernels
