#include "common/runtime/attention_maps.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "common/core/error.h"

namespace vitral {
namespace {

at::Tensor identity_like(const at::Tensor& weights) {
  return at::eye(weights.size(-1), weights.options().dtype(at::kFloat)).unsqueeze(0);
}

}  // namespace

at::Tensor rollout(std::span<const at::Tensor> layers) {
  const at::NoGradGuard no_grad;
  at::Tensor result;
  for (const auto& weights : layers) {
    const auto mixed = 0.5 * weights.to(at::kFloat).mean(1) + 0.5 * identity_like(weights);  // [B, N, N]
    result = result.defined() ? at::matmul(mixed, result) : mixed;
  }
  return result;
}

at::Tensor gradient_rollout(std::span<const at::Tensor> layers, std::span<const at::Tensor> gradients) {
  const at::NoGradGuard no_grad;
  at::Tensor result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto relevant = (gradients[i] * layers[i]).to(at::kFloat).clamp_min(0).mean(1);  // [B, N, N]
    if (!result.defined()) result = identity_like(relevant);
    result = result + at::matmul(relevant, result);
  }
  return result;
}

at::Tensor merge_windows(const nn::AttentionRecord& record) {
  const at::NoGradGuard no_grad;
  const auto& windows = record.windows;  // [windows, N]
  const std::int64_t count = windows.size(0), places = windows.size(1), length = record.map[0] * record.map[1];
  const auto weights = record.weights.detach().to(at::kFloat).view({-1, count, record.weights.size(1), places, places});
  const auto tokens = windows.to(at::kLong);
  const auto real = tokens.ge(0).to(at::kFloat);  // [windows, N]
  // The mean over the tokens that look, without those that are padding.
  const auto looking = real / real.sum(1, true);
  const auto received = at::matmul(looking.view({1, count, 1, 1, places}), weights).squeeze(3);  // [B, windows, H, N]
  auto map = at::zeros({weights.size(0), weights.size(2), length + 1}, received.options());
  const auto place = tokens.masked_fill(tokens.lt(0), length).flatten();
  map.index_copy_(2, place, received.transpose(1, 2).flatten(2).contiguous());
  return map.narrow(2, 0, length).view({weights.size(0), weights.size(2), record.map[0], record.map[1]});
}

at::Tensor splat_samples(const nn::AttentionRecord& record, std::array<std::int64_t, 2> grid) {
  const at::NoGradGuard no_grad;
  const auto [rows, columns] = grid;
  const auto weights = record.weights.detach().to(at::kFloat).flatten(3);         // [B, Q, H, L * P]
  const auto locations = record.locations.detach().to(at::kFloat).flatten(3, 4);  // [B, Q, H, L * P, 2]
  const auto x = locations.select(-1, 0) * columns - 0.5, y = locations.select(-1, 1) * rows - 0.5;
  const auto left = x.floor(), top = y.floor();
  auto map = at::zeros({weights.size(0), weights.size(1), weights.size(2), rows * columns}, weights.options());
  for (const int dx : {0, 1}) {
    for (const int dy : {0, 1}) {
      const auto column = left + dx, row = top + dy;
      const auto share = (1 - (x - column).abs()) * (1 - (y - row).abs());
      const auto inside = column.ge(0).logical_and(column.lt(columns)).logical_and(row.ge(0)).logical_and(row.lt(rows));
      const auto place = (row * columns + column).masked_fill(inside.logical_not(), 0).to(at::kLong);
      map.scatter_add_(3, place, weights * share * inside);
    }
  }
  return map.view({weights.size(0), weights.size(1), weights.size(2), rows, columns});
}

at::Tensor grad_cam(Classifier& network, const at::Tensor& images, const Score& score,
                    std::array<std::int64_t, 2> grid) {
  const at::AutoGradMode gradients(true);
  auto features = network.forward_features(images).detach().set_requires_grad(true);
  const auto answer = score(network.forward_head(network.pool(features)));
  auto slope = torch::autograd::grad({answer}, {features})[0];
  auto maps = features.detach();
  if (maps.dim() == 3 && maps.size(1) == grid[0] * grid[1]) {
    const auto as_map = [&](const at::Tensor& tokens) {
      return tokens.transpose(1, 2).reshape({tokens.size(0), tokens.size(2), grid[0], grid[1]});
    };
    maps = as_map(maps);
    slope = as_map(slope);
  }
  if (maps.dim() != 4) throw Error(ErrorKind::usage, "Grad-CAM", "needs a network whose features are a map");
  return (slope.mean({2, 3}, true) * maps).sum(1).clamp_min(0).to(at::kFloat);  // [B, h, w]
}

}  // namespace vitral
