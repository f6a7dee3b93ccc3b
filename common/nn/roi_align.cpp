#include "common/nn/roi_align.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <vector>

#include "common/kernels/cuda/roi_align.h"
#include "common/kernels/roi_align.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

bool runs_kernel(const at::Tensor& map) {
  return has_kernel_for(map) && !(at::GradMode::is_enabled() && map.requires_grad());
}

/// Pools the regions `rows` (undefined: all) into their rows of `out`. `rois` and `rows` are the host's.
void run_kernel(const at::Tensor& map, const at::Tensor& rois, const at::Tensor& rows, double scale,
                const RoiAlignOptions& options, at::Tensor& out) {
  const auto cells = map.to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  kernels::RoiAlignArgs args;
  args.map = cells.const_data_ptr<float>();
  args.batch = map.size(0);
  args.channels = map.size(1);
  args.height = map.size(2);
  args.width = map.size(3);
  args.rois = rois.const_data_ptr<float>();
  args.rows = rows.defined() ? rows.const_data_ptr<std::int64_t>() : nullptr;
  args.count = rows.defined() ? rows.size(0) : rois.size(0);
  args.scale = static_cast<float>(scale);
  args.bins_high = options.bins_high;
  args.bins_wide = options.bins_wide;
  args.sampling = options.sampling_ratio;
  args.aligned = options.aligned;
  args.out = out.mutable_data_ptr<float>();
  kernels::check_roi_align(args);  // before a GPU reads what regions name
#ifdef VITRAL_HAS_CUDA
  if (map.is_cuda()) {
    const c10::DeviceGuard guard(map.device());
    const auto there = rois.to(map.device());
    const auto rows_there = rows.defined() ? rows.to(map.device()) : rows;
    args.rois = there.const_data_ptr<float>();
    args.rows = rows.defined() ? rows_there.const_data_ptr<std::int64_t>() : nullptr;
    return kernels::cuda::roi_align(args, stream_of(map));
  }
#endif
  parallel_ranges(args.count, 4, [&](std::int64_t begin, std::int64_t end) { kernels::roi_align(args, begin, end); });
}

at::Tensor host_rois(const at::Tensor& rois) {
  return rois.detach().to(at::kCPU, at::kFloat).contiguous();
}

at::Tensor empty_bins(std::int64_t count, const at::Tensor& map, const RoiAlignOptions& options) {
  return at::empty({count, map.size(1), options.bins_high, options.bins_wide}, map.options().dtype(at::kFloat));
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
  if (!runs_kernel(map)) return roi_align_plain(map, rois, scale, options);
  auto out = empty_bins(rois.size(0), map, options);
  run_kernel(map, host_rois(rois), {}, scale, options, out);
  return out.to(map.scalar_type());
}

at::Tensor roi_align(std::span<const at::Tensor> maps, const at::Tensor& rois, const at::Tensor& levels,
                     std::span<const double> scales, const RoiAlignOptions& options) {
  const auto rows_of = [&levels](std::size_t level) {
    return levels.eq(static_cast<std::int64_t>(level)).nonzero().squeeze(1);
  };
  if (std::all_of(maps.begin(), maps.end(), runs_kernel)) {
    auto out = empty_bins(rois.size(0), maps.front(), options);
    const auto regions = host_rois(rois);
    for (std::size_t i = 0; i < maps.size(); ++i) {
      run_kernel(maps[i], regions, rows_of(i).to(at::kCPU).contiguous(), scales[i], options, out);
    }
    return out.to(maps.front().scalar_type());
  }
  std::vector<at::Tensor> parts, rows;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    rows.push_back(rows_of(i));
    parts.push_back(roi_align_plain(maps[i], rois.index_select(0, rows.back()), scales[i], options));
  }
  return at::cat(parts).index_select(0, at::cat(rows).argsort());
}

}  // namespace vitral::nn
