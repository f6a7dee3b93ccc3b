#include "common/nn/deformable.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/tensor.h>
#include <c10/core/DeviceGuard.h>

#include "common/core/error.h"
#include "common/kernels/cuda/deformable.h"
#include "common/kernels/deformable.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

constexpr std::int64_t kBilinear = 0, kZeros = 0;  // grid_sampler's modes

/// map [N, D, h, w], points [N, Q, P, 2] -> the samples [N, D, Q, P].
at::Tensor sample_nearest(const at::Tensor& map, const at::Tensor& points) {
  const std::int64_t h = map.size(2), w = map.size(3);
  const auto pixel = (points * at::tensor({w, h}, points.options()) + 0.5).floor().to(at::kLong);
  const auto x = pixel.select(3, 0).clamp(0, w - 1), y = pixel.select(3, 1).clamp(0, h - 1);
  const auto places = (y * w + x).flatten(1).unsqueeze(1);  // [N, 1, Q * P]
  const auto samples = at::gather(map.flatten(2), 2, places.expand({map.size(0), map.size(1), places.size(2)}));
  return samples.view({map.size(0), map.size(1), points.size(1), points.size(2)});
}

at::Tensor sample(const at::Tensor& map, const at::Tensor& points, Sampling sampling) {
  if (sampling == Sampling::discrete) return sample_nearest(map, points);
  return at::grid_sampler(map, 2 * points - 1, kBilinear, kZeros, /*align_corners=*/false);
}

/// [B, Q, H, ...] -> [B * H, Q, ...]
at::Tensor heads_first(const at::Tensor& x) {
  return x.transpose(1, 2).flatten(0, 1);
}

void check(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
           const at::Tensor& weights) {
  const auto count = static_cast<std::int64_t>(levels.size());
  const bool fits = value.dim() == 4 && locations.dim() == 6 && weights.dim() == 5 &&
                    value.size(1) == token_count(levels) && locations.size(0) == value.size(0) &&
                    locations.size(2) == value.size(2) && locations.size(3) == count && locations.size(5) == 2 &&
                    weights.sizes() == locations.sizes().slice(0, 5);
  if (!fits)
    throw Error(ErrorKind::failed, "deformable attention", "values, locations and weights do not belong together");
}

bool runs_kernel(const at::Tensor& value, const at::Tensor& locations, const at::Tensor& weights) {
  const bool differentiates =
      at::GradMode::is_enabled() && (value.requires_grad() || locations.requires_grad() || weights.requires_grad());
  const bool few_levels = value.is_cpu() || weights.size(3) <= kernels::cuda::kMostDeformableLevels;
  return has_kernel_for(value) && few_levels && !differentiates && kernel_dtype(value.scalar_type()) &&
         weights.size(3) <= kernels::kMostDeformablePoints / weights.size(4);
}

at::Tensor run_kernel(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
                      const at::Tensor& weights, Sampling sampling) {
  const auto tokens = value.contiguous(), places = locations.to(at::kFloat).contiguous();
  const auto shares = weights.to(at::kFloat).contiguous();
  const std::int64_t width = value.size(2) * value.size(3);
  auto out = at::empty({value.size(0), locations.size(1), width}, value.options());
  kernels::DeformableArgs args;
  args.dtype = *kernel_dtype(value.scalar_type());
  args.batch = value.size(0);
  args.tokens = value.size(1);
  args.heads = value.size(2);
  args.dim = value.size(3);
  args.queries = locations.size(1);
  args.levels = locations.size(3);
  args.points = locations.size(4);
  args.sizes = levels.front().data();
  args.value = tokens.const_data_ptr();
  args.locations = places.const_data_ptr<float>();
  args.weights = shares.const_data_ptr<float>();
  args.nearest = sampling == Sampling::discrete;
  args.out = out.mutable_data_ptr();
  kernels::check_deformable(args);
  if (value.is_cuda()) {
    const c10::DeviceGuard guard(value.device());
    kernels::cuda::deformable(args, stream_of(value));
    return out;
  }
  parallel_ranges(args.batch * args.queries, 16,
                  [&](std::int64_t begin, std::int64_t end) { kernels::deformable(args, begin, end); });
  return out;
}

}  // namespace

std::int64_t token_count(std::span<const MapSize> levels) {
  std::int64_t count = 0;
  for (const auto& [height, width] : levels) count += height * width;
  return count;
}

at::Tensor deformable_attend(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
                             const at::Tensor& weights, Sampling sampling) {
  check(value, levels, locations, weights);
  if (runs_kernel(value, locations, weights)) return run_kernel(value, levels, locations, weights, sampling);
  return deformable_attend_plain(value, levels, locations, weights, sampling);
}

at::Tensor deformable_attend_plain(const at::Tensor& value, std::span<const MapSize> levels,
                                   const at::Tensor& locations, const at::Tensor& weights, Sampling sampling) {
  const std::int64_t batch = value.size(0), heads = value.size(2), dim = value.size(3), queries = locations.size(1);
  const auto tokens = value.to(at::kFloat);
  at::Tensor sum;  // [B * H, D, Q]
  std::int64_t begin = 0;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    const auto [h, w] = levels[level];
    const auto l = static_cast<std::int64_t>(level);
    const auto map = tokens.narrow(1, begin, h * w).permute({0, 2, 3, 1}).reshape({batch * heads, dim, h, w});
    const auto samples = sample(map, heads_first(locations.select(3, l)), sampling);  // [B * H, D, Q, P]
    const auto weighted = (samples * heads_first(weights.select(3, l)).unsqueeze(1)).sum(-1);
    sum = sum.defined() ? sum + weighted : weighted;
    begin += h * w;
  }
  const auto together = sum.view({batch, heads, dim, queries}).permute({0, 3, 1, 2});  // [B, Q, H, D]
  return together.reshape({batch, queries, heads * dim}).to(value.scalar_type());
}

}  // namespace vitral::nn
