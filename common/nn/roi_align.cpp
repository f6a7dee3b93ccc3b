#include "common/nn/roi_align.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/kernels/cuda/roi_align.h"
#include "common/kernels/roi_align.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

/// Which regions are pooled from which map, and how.
struct Regions : torch::CustomClassHolder {
  at::Tensor rois;               ///< fp32 [R, 5], the host's
  std::vector<at::Tensor> rows;  ///< of `rois`, for each map; undefined: all
  std::vector<double> scales;
  RoiAlignOptions options;
};

kernels::RoiAlignArgs args_of(const Regions& regions, std::size_t level, at::IntArrayRef map) {
  const auto& rows = regions.rows[level];
  kernels::RoiAlignArgs args;
  args.batch = map[0];
  args.channels = map[1];
  args.height = map[2];
  args.width = map[3];
  args.rois = regions.rois.const_data_ptr<float>();
  args.rows = rows.defined() ? rows.const_data_ptr<std::int64_t>() : nullptr;
  args.count = rows.defined() ? rows.size(0) : regions.rois.size(0);
  args.scale = static_cast<float>(regions.scales[level]);
  args.bins_high = regions.options.bins_high;
  args.bins_wide = regions.options.bins_wide;
  args.sampling = regions.options.sampling_ratio;
  args.aligned = regions.options.aligned;
  return args;
}

/// Pools the regions of one map into their rows of `out`.
void run_kernel(const at::Tensor& map, const Regions& regions, std::size_t level, at::Tensor& out) {
  const auto cells = map.to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  auto args = args_of(regions, level, map.sizes());
  args.map = cells.const_data_ptr<float>();
  args.out = out.mutable_data_ptr<float>();
  kernels::check_roi_align(args);  // before a GPU reads what regions name
  if (on_gpu(map)) {
    const c10::DeviceGuard guard(map.device());
    const auto& rows = regions.rows[level];
    const auto there = regions.rois.to(map.device());
    const auto rows_there = rows.defined() ? rows.to(map.device()) : rows;
    args.rois = there.const_data_ptr<float>();
    args.rows = rows.defined() ? rows_there.const_data_ptr<std::int64_t>() : nullptr;
    return kernels::cuda::roi_align(args, stream_of(map));
  }
  parallel_ranges(args.count, 4, [&](std::int64_t begin, std::int64_t end) { kernels::roi_align(args, begin, end); });
}

at::Tensor pooled(at::TensorList maps, const Regions& regions) {
  const auto& first = maps.front();
  auto out = at::empty({regions.rois.size(0), first.size(1), regions.options.bins_high, regions.options.bins_wide},
                       first.options().dtype(at::kFloat));
  for (std::size_t i = 0; i < maps.size(); ++i) run_kernel(maps[i], regions, i, out);
  return out.to(first.scalar_type());
}

/// What the bins' gradient says of the cells of one map of that size.
at::Tensor spread(const at::Tensor& bins, const Regions& regions, std::size_t level, at::IntArrayRef map) {
  auto cells = at::zeros({map[0], map[2], map[3], map[1]}, bins.options());
  const auto args = args_of(regions, level, map);
  parallel_ranges(map[0], 1, [&](std::int64_t begin, std::int64_t end) {
    kernels::roi_align_backward(args, bins.const_data_ptr<float>(), cells.mutable_data_ptr<float>(), begin, end);
  });
  return cells.permute({0, 3, 1, 2});
}

struct Pooled : torch::autograd::Function<Pooled> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList maps,
                            const c10::intrusive_ptr<Regions>& regions) {
    context->saved_data["regions"] = c10::IValue::make_capsule(regions);
    context->saved_data["type"] = maps.front().scalar_type();
    std::vector<std::vector<std::int64_t>> sizes;
    for (const auto& map : maps) sizes.push_back(map.sizes().vec());
    context->saved_data["sizes"] = sizes;
    return pooled(maps, *regions);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto capsule = context->saved_data["regions"].toCapsule();
    const auto sizes = context->saved_data["sizes"].to<std::vector<std::vector<std::int64_t>>>();
    const auto type = context->saved_data["type"].toScalarType();
    const auto bins = gradients.front().to(at::kFloat).contiguous();
    torch::autograd::variable_list result;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      result.push_back(spread(bins, static_cast<const Regions&>(*capsule), i, sizes[i]).to(type));
    }
    result.emplace_back();  // of `regions`
    return result;
  }
};

bool learns(const at::Tensor& map) {
  return at::GradMode::is_enabled() && map.requires_grad();
}

/// By the kernels. Defined where they can do it: gradients are the processor's.
at::Tensor by_kernel(at::TensorList maps, const c10::intrusive_ptr<Regions>& regions) {
  if (!std::all_of(maps.begin(), maps.end(), has_kernel_for)) return {};
  if (std::none_of(maps.begin(), maps.end(), learns)) return pooled(maps, *regions);
  return std::none_of(maps.begin(), maps.end(), on_gpu) ? Pooled::apply(maps, regions) : at::Tensor();
}

c10::intrusive_ptr<Regions> regions_of(const at::Tensor& rois, std::vector<at::Tensor> rows, std::vector<double> scales,
                                       const RoiAlignOptions& options) {
  auto regions = c10::make_intrusive<Regions>();
  regions->rois = rois.detach().to(at::kCPU, at::kFloat).contiguous();
  regions->rows = std::move(rows);
  regions->scales = std::move(scales);
  regions->options = options;
  return regions;
}

/// Samples of all regions in one direction: each region has as many as the one that needs most, the rest has no weight.
struct Samples {
  at::Tensor low, high;  ///< int64 [R, bins * samples], cells
  at::Tensor rest;       ///< fp32, share of `high`
  at::Tensor weight;     ///< fp32, of the sample in its bin's mean
  std::int64_t per_bin;
};

Samples samples_of(const at::Tensor& begin, const at::Tensor& end, double scale, std::int64_t bins, std::int64_t cells,
                   const RoiAlignOptions& options) {
  const double shift = options.aligned ? 0.5 : 0.0;
  const auto start = begin * scale - shift;  // [R]
  auto length = (end * scale - shift) - start;
  if (!options.aligned) length = length.clamp_min(1.0);
  const auto bin = length / static_cast<double>(bins);
  const bool fixed = options.sampling_ratio > 0;
  const auto counts = fixed ? at::full_like(bin, options.sampling_ratio) : bin.ceil().clamp_min(0);  // [R]
  const std::int64_t most = counts.numel() > 0 ? std::max<std::int64_t>(counts.max().item<std::int64_t>(), 1) : 1;
  const auto sample = at::arange(most, bin.options()).view({1, 1, -1});
  const auto of_roi = [](const at::Tensor& x) { return x.view({-1, 1, 1}); };
  auto cell = of_roi(start) + at::arange(bins, bin.options()).view({1, -1, 1}) * of_roi(bin) +
              (sample + 0.5) * of_roi(bin) / of_roi(counts.clamp_min(1));  // [R, bins, most]
  const auto counted = (sample < of_roi(counts)) & (cell >= -1.0) & (cell <= static_cast<double>(cells));
  cell = at::where(counted, cell, at::zeros_like(cell)).clamp(0, static_cast<double>(cells - 1));
  const auto low = cell.floor();
  const auto weight = counted.to(at::kFloat) / of_roi(counts.clamp_min(1));
  return {low.to(at::kLong).flatten(1), (low + 1).clamp_max(static_cast<double>(cells - 1)).to(at::kLong).flatten(1),
          (cell - low).flatten(1), weight.flatten(1), most};
}

}  // namespace

at::Tensor roi_align_plain(const at::Tensor& map, const at::Tensor& rois, double scale,
                           const RoiAlignOptions& options) {
  const std::int64_t channels = map.size(1), height = map.size(2), width = map.size(3), count = rois.size(0);
  const auto r = rois.detach().to(map.device(), at::kFloat);
  const auto column = [&r](std::int64_t i) { return r.select(1, i); };
  const auto y = samples_of(column(2), column(4), scale, options.bins_high, height, options);
  const auto x = samples_of(column(1), column(3), scale, options.bins_wide, width, options);
  const auto cells = map.to(at::kFloat).permute({0, 2, 3, 1}).reshape({-1, channels});  // [B * H * W, C]
  const auto picture = (column(0).to(at::kLong) * (height * width)).view({-1, 1, 1});   // [R, 1, 1]
  const auto corner = [&](const at::Tensor& rows, const at::Tensor& row_share, const at::Tensor& columns,
                          const at::Tensor& column_share) {
    const auto place = picture + (rows * width).unsqueeze(2) + columns.unsqueeze(1);  // [R, bins * s, bins * s]
    const auto weight = (row_share * y.weight).unsqueeze(2) * (column_share * x.weight).unsqueeze(1);
    return cells.index_select(0, place.flatten()).view({count, place.size(1), place.size(2), channels}) *
           weight.unsqueeze(3);
  };
  const auto sum = corner(y.low, 1 - y.rest, x.low, 1 - x.rest) + corner(y.low, 1 - y.rest, x.high, x.rest) +
                   corner(y.high, y.rest, x.low, 1 - x.rest) + corner(y.high, y.rest, x.high, x.rest);
  return sum.view({count, options.bins_high, y.per_bin, options.bins_wide, x.per_bin, channels})
      .sum({2, 4})
      .permute({0, 3, 1, 2})
      .contiguous()
      .to(map.scalar_type());
}

at::Tensor roi_align(const at::Tensor& map, const at::Tensor& rois, double scale, const RoiAlignOptions& options) {
  const auto by = by_kernel(map, regions_of(rois, {at::Tensor()}, {scale}, options));
  return by.defined() ? by : roi_align_plain(map, rois, scale, options);
}

at::Tensor roi_align(std::span<const at::Tensor> maps, const at::Tensor& rois, const at::Tensor& levels,
                     std::span<const double> scales, const RoiAlignOptions& options) {
  const at::TensorList list(maps.data(), maps.size());
  std::vector<at::Tensor> rows, here;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    rows.push_back(levels.eq(static_cast<std::int64_t>(i)).nonzero().squeeze(1));
    here.push_back(rows.back().to(at::kCPU).contiguous());
  }
  const auto by = by_kernel(list, regions_of(rois, std::move(here), {scales.begin(), scales.end()}, options));
  if (by.defined()) return by;
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    parts.push_back(roi_align_plain(maps[i], rois.index_select(0, rows[i]), scales[i], options));
  }
  return at::cat(parts).index_select(0, at::cat(rows).argsort());
}

}  // namespace vitral::nn
