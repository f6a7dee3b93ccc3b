#include "swin/position_bias.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/log2.h>
#include <ATen/ops/meshgrid.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace vitral::swin {
namespace {

std::int64_t offsets(std::int64_t side) {
  return 2 * side - 1;
}

/// [offsets, heads] -> [heads, rows of offsets, columns of offsets]
at::Tensor as_map(const at::Tensor& table, const Size& window) {
  return table.t().reshape({table.size(1), offsets(window[0]), offsets(window[1])});
}
at::Tensor as_table(const at::Tensor& map) {
  return map.flatten(1).t().contiguous();
}

/// Where timm puts the source's offsets on the axis of the target's: 0, +-1, +-(1 + q), +-(1 + q + q^2), ... with the q
/// that makes the last one reach the target's last.
std::vector<float> geometric_positions(std::int64_t source, std::int64_t target) {
  const auto steps = static_cast<double>(source / 2);
  double left = 1.01, right = 1.5, q = left;
  while (right - left > 1e-6) {
    q = (left + right) / 2;
    const double reach = (1 - std::pow(q, steps)) / (1 - q);
    (reach > static_cast<double>(target / 2) ? right : left) = q;
  }
  std::vector<float> positions{0};
  double at = 1;
  for (std::int64_t i = 0; i < source / 2; ++i) {
    positions.push_back(static_cast<float>(at));
    positions.insert(positions.begin(), static_cast<float>(-at));
    at += std::pow(q, static_cast<double>(i + 1));
  }
  return positions;
}

/// [target, source]: row i holds the weights of the source's values at target i; beyond the ends the last value counts.
at::Tensor linear_weights(const std::vector<float>& positions, std::int64_t target) {
  auto weights = at::zeros({target, static_cast<std::int64_t>(positions.size())});
  auto w = weights.accessor<float, 2>();
  for (std::int64_t i = 0; i < target; ++i) {
    const auto x = static_cast<float>(i - target / 2);
    const auto right = std::lower_bound(positions.begin(), positions.end(), x);
    const std::int64_t index = right - positions.begin();
    if (right == positions.begin() || right == positions.end()) {
      w[i][right == positions.begin() ? 0 : index - 1] = 1;
      continue;
    }
    const float share = (x - right[-1]) / (right[0] - right[-1]);
    w[i][index - 1] = 1 - share;
    w[i][index] = share;
  }
  return weights;
}

at::Tensor axis_weights(std::int64_t from, std::int64_t to) {
  return linear_weights(geometric_positions(offsets(from), offsets(to)), offsets(to));
}

}  // namespace

at::Tensor bias_from_table(const at::Tensor& table, const Size& window) {
  // Entry (y + y', x + x') of the map belongs to the query (y, x) and the key (h - 1 - y', w - 1 - x').
  return as_map(table, window)
      .unfold(1, window[0], 1)
      .unfold(2, window[1], 1)  // [heads, y, x, y', x']
      .flip({3, 4})
      .reshape({table.size(1), window[0] * window[1], window[0] * window[1]});
}

at::Tensor log_offsets(const Size& window, const Size& pretrained) {
  std::vector<at::Tensor> axes;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t scale = (pretrained[i] > 0 ? pretrained[i] : window[i]) - 1;
    axes.push_back(at::arange(1 - window[i], window[i], at::kFloat) /
                   static_cast<double>(std::max<std::int64_t>(scale, 1)) * 8);
  }
  const auto grid = at::stack(at::meshgrid(axes, "ij"), -1).view({-1, 2});
  return at::sign(grid) * at::log2(grid.abs() + 1) / 3.0;
}

at::Tensor resample_table_bicubic(const at::Tensor& table, const Size& from, const Size& to) {
  const auto map = as_map(table.to(at::kFloat), from).contiguous().unsqueeze(0);
  const auto resized = at::upsample_bicubic2d(map, {offsets(to[0]), offsets(to[1])}, /*align_corners=*/false);
  return as_table(resized.squeeze(0)).to(table.scalar_type());
}

at::Tensor resample_table_geometric(const at::Tensor& table, const Size& from, const Size& to) {
  const auto map = as_map(table.to(at::kFloat), from);
  const auto resized = axis_weights(from[0], to[0]).matmul(map).matmul(axis_weights(from[1], to[1]).t());
  return as_table(resized).to(table.scalar_type());
}

}  // namespace vitral::swin
