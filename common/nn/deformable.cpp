#include "common/nn/deformable.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include "common/core/error.h"
#include "common/kernels/cuda/deformable_backward.h"
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

bool learns(const at::Tensor& value, const at::Tensor& locations, const at::Tensor& weights) {
  return at::GradMode::is_enabled() && (value.requires_grad() || locations.requires_grad() || weights.requires_grad());
}

bool kernel_fits(const at::Tensor& value, const at::Tensor& weights) {
  const bool few_levels = !on_gpu(value) || weights.size(3) <= kernels::cuda::kMostDeformableLevels;
  return has_kernel_for(value) && few_levels && kernel_dtype(value.scalar_type()) &&
         weights.size(3) <= kernels::kMostDeformablePoints / weights.size(4);
}

/// What the kernels read: `value` of any format, `locations` and `weights` fp32, all contiguous.
kernels::DeformableArgs args_of(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
                                const at::Tensor& weights, Sampling sampling) {
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
  args.value = value.const_data_ptr();
  args.locations = locations.const_data_ptr<float>();
  args.weights = weights.const_data_ptr<float>();
  args.nearest = sampling == Sampling::discrete;
  return args;
}

at::Tensor run_kernel(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
                      const at::Tensor& weights, Sampling sampling) {
  const auto tokens = value.contiguous(), places = locations.to(at::kFloat).contiguous();
  const auto shares = weights.to(at::kFloat).contiguous();
  auto out = at::empty({value.size(0), locations.size(1), value.size(2) * value.size(3)}, value.options());
  auto args = args_of(tokens, levels, places, shares, sampling);
  args.out = out.mutable_data_ptr();
  kernels::check_deformable(args);
  if (on_gpu(value)) {
    const c10::DeviceGuard guard(value.device());
    kernels::cuda::deformable(args, stream_of(value));
    return out;
  }
  parallel_ranges(args.batch * args.queries, 16,
                  [&](std::int64_t begin, std::int64_t end) { kernels::deformable(args, begin, end); });
  return out;
}

/// The kernel with its gradient, which a GPU has a kernel for, too.
struct Sampled : torch::autograd::Function<Sampled> {
  using Context = torch::autograd::AutogradContext;
  using Variables = torch::autograd::variable_list;

  static at::Tensor forward(Context* context, const at::Tensor& value, const at::Tensor& locations,
                            const at::Tensor& weights, std::span<const MapSize> levels, Sampling sampling) {
    context->save_for_backward({value, locations, weights});
    std::vector<std::int64_t> sizes;
    for (const auto& [height, width] : levels) sizes.insert(sizes.end(), {height, width});
    context->saved_data["sizes"] = std::move(sizes);
    context->saved_data["discrete"] = sampling == Sampling::discrete;
    return run_kernel(value, levels, locations, weights, sampling);
  }

  static Variables backward(Context* context, Variables gradients) {
    const auto saved = context->get_saved_variables();
    const auto sizes = context->saved_data["sizes"].toIntVector();
    std::vector<MapSize> levels;
    for (std::size_t i = 0; i + 1 < sizes.size(); i += 2) levels.push_back({sizes[i], sizes[i + 1]});
    const auto sampling = context->saved_data["discrete"].toBool() ? Sampling::discrete : Sampling::bilinear;
    const auto &value = saved[0], &locations = saved[1], &weights = saved[2];
    const auto tokens = value.contiguous(), places = locations.to(at::kFloat).contiguous();
    const auto shares = weights.to(at::kFloat).contiguous();
    const auto out = gradients.front().to(value.scalar_type()).contiguous();
    // Added to, by many samples at a time: sixteen bits would lose what is small.
    auto of_value = at::zeros(value.sizes(), value.options().dtype(at::kFloat));
    auto of_locations = at::empty_like(places), of_weights = at::empty_like(shares);
    kernels::cuda::DeformableBackwardArgs args;
    args.forward = args_of(tokens, levels, places, shares, sampling);
    args.grad_out = out.const_data_ptr();
    args.grad_value = of_value.mutable_data_ptr<float>();
    args.grad_locations = of_locations.mutable_data_ptr<float>();
    args.grad_weights = of_weights.mutable_data_ptr<float>();
    const c10::DeviceGuard guard(value.device());
    kernels::cuda::deformable_backward(args, stream_of(value));
    return {of_value.to(value.scalar_type()),
            of_locations.to(locations.scalar_type()),
            of_weights.to(weights.scalar_type()),
            {},
            {}};
  }
};

}  // namespace

std::int64_t token_count(std::span<const MapSize> levels) {
  std::int64_t count = 0;
  for (const auto& [height, width] : levels) count += height * width;
  return count;
}

at::Tensor deformable_attend(const at::Tensor& value, std::span<const MapSize> levels, const at::Tensor& locations,
                             const at::Tensor& weights, Sampling sampling) {
  check(value, levels, locations, weights);
  if (kernel_fits(value, weights)) {
    if (!learns(value, locations, weights)) return run_kernel(value, levels, locations, weights, sampling);
    if (has_cuda_kernels(value)) return Sampled::apply(value, locations, weights, levels, sampling);
  }
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
