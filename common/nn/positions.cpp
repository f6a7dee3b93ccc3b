#include "common/nn/positions.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <numbers>

namespace vitral::nn {
namespace {

at::Tensor resample_grid(const at::Tensor& grid, at::IntArrayRef size, PositionResample how) {
  switch (how) {
    case PositionResample::timm: return at::_upsample_bicubic2d_aa(grid, size, false);
    case PositionResample::torchvision: return at::upsample_bicubic2d(grid, size, true);
    case PositionResample::transformers: return at::upsample_bicubic2d(grid, size, false);
    case PositionResample::jax: return at::upsample_bilinear2d(grid, size, true);
  }
  return grid;
}

}  // namespace

at::Tensor resample_positions(const at::Tensor& table, std::array<std::int64_t, 2> from, std::array<std::int64_t, 2> to,
                              std::int64_t prefix, PositionResample how) {
  if (from == to) return table;
  const std::int64_t dim = table.size(2);
  const auto grid = table.narrow(1, prefix, from[0] * from[1])
                        .to(at::kFloat)
                        .reshape({1, from[0], from[1], dim})
                        .permute({0, 3, 1, 2})
                        .contiguous();                                             // [1, C, h, w]
  const auto resized = resample_grid(grid, {to[0], to[1]}, how);                   // [1, C, h', w']
  const auto tokens = resized.permute({0, 2, 3, 1}).reshape({1, to[0] * to[1], dim});
  return at::cat({table.narrow(1, 0, prefix).to(at::kFloat), tokens}, 1).to(table.scalar_type());
}

at::Tensor interleaved_sines(const at::Tensor& positions, std::int64_t dim, double temperature) {
  const auto channel = at::arange(dim, positions.options());
  const auto period = at::pow(temperature, channel.div(2, "floor") * 2 / static_cast<double>(dim));
  const auto angle = positions.unsqueeze(-1) / period;  // [..., dim]
  const auto even = angle.slice(-1, 0, dim, 2).sin(), odd = angle.slice(-1, 1, dim, 2).cos();
  return at::stack({even, odd}, -1).flatten(-2);
}

at::Tensor sine_positions_1d(std::int64_t length, std::int64_t dim) {
  return interleaved_sines(at::arange(length, at::kFloat), dim, 10000.0);
}

at::Tensor sine_positions_by_axis(std::int64_t height, std::int64_t width, std::int64_t dim) {
  const auto quarter = dim / 4;
  const auto frequency = at::pow(10000.0, at::arange(quarter, at::kFloat) / -static_cast<double>(quarter));
  const auto y = at::outer(at::arange(height, at::kFloat), frequency).unsqueeze(1).expand({height, width, quarter});
  const auto x = at::outer(at::arange(width, at::kFloat), frequency).unsqueeze(0).expand({height, width, quarter});
  return at::cat({y.sin(), y.cos(), x.sin(), x.cos()}, -1).reshape({1, height * width, dim});
}

at::Tensor sine_positions_2d(const at::Tensor& padding, std::int64_t dim, const Sine2dOptions& options) {
  const auto inside = padding.logical_not();
  auto y = inside.cumsum(1, at::kFloat), x = inside.cumsum(2, at::kFloat);  // [B, H, W]
  if (options.normalize) {
    const double turn = 2 * std::numbers::pi;
    y = (y + options.offset) / (y.slice(1, -1) + 1e-6) * turn;
    x = (x + options.offset) / (x.slice(2, -1) + 1e-6) * turn;
  }
  const auto channels_last = at::cat(
      {interleaved_sines(y, dim / 2, options.temperature), interleaved_sines(x, dim / 2, options.temperature)}, 3);
  return channels_last.permute({0, 3, 1, 2});  // [B, dim, H, W]
}

}  // namespace vitral::nn
