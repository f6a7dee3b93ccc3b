#include "detr/token_places.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log.h>
#include <ATen/ops/meshgrid.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <limits>

#include "common/nn/positions.h"

namespace vitral::detr {
namespace {

constexpr double kFinestProposal = 0.05;  // side of a proposal on the finest level; doubled by each next one
constexpr double kMargin = 0.01;          // proposals nearer to the edge of 0 to 1 are none
constexpr double kHalfPixel = -0.5;       // positions count from the middle of the first pixel

/// {width, height} of a level's map that are no padding, as shares: [B, 2]
at::Tensor ratio_of(const at::Tensor& padding) {
  const auto inside = padding.logical_not();
  const auto width = inside.select(1, 0).sum(1).to(at::kFloat) / static_cast<double>(padding.size(2));
  const auto height = inside.select(2, 0).sum(1).to(at::kFloat) / static_cast<double>(padding.size(1));
  return at::stack({width, height}, -1);
}

/// The middle of each pixel of a map, (x, y) in parts of what is no padding: [B, h * w, 2]
at::Tensor middles(const at::Tensor& padding, const at::Tensor& ratio) {
  const std::int64_t h = padding.size(1), w = padding.size(2);
  const auto options = ratio.options();
  const auto grid = at::meshgrid({at::arange(h, options), at::arange(w, options)}, "ij");
  const auto pixels = at::stack({grid[1], grid[0]}, -1).view({1, h * w, 2}) + 0.5;
  const auto side = at::stack({ratio.select(-1, 0) * w, ratio.select(-1, 1) * h}, -1);
  return pixels / side.unsqueeze(1);
}

/// [B, S]
at::Tensor flat(const std::vector<at::Tensor>& padding) {
  std::vector<at::Tensor> parts;
  for (const auto& each : padding) parts.push_back(each.flatten(1));
  return at::cat(parts, 1);
}

}  // namespace

Proposals proposals_of(const std::vector<at::Tensor>& padding) {
  std::vector<at::Tensor> boxes;
  for (std::size_t level = 0; level < padding.size(); ++level) {
    const auto points = middles(padding[level], ratio_of(padding[level]));
    const auto sides = at::full_like(points, std::ldexp(kFinestProposal, static_cast<int>(level)));
    boxes.push_back(at::cat({points, sides}, -1));
  }
  const auto box = at::cat(boxes, 1);
  const auto inside = box.gt(kMargin).logical_and(box.lt(1 - kMargin)).all(-1, /*keepdim=*/true);
  const auto valid = inside.logical_and(flat(padding).logical_not().unsqueeze(-1));
  return {at::where(valid, at::log(box / (1 - box)), std::numeric_limits<float>::infinity()), valid};
}

TokenPlaces token_places(const std::vector<at::Tensor>& padding, std::int64_t dim, bool masked) {
  nn::Sine2dOptions sines;
  sines.offset = kHalfPixel;
  std::vector<at::Tensor> positions, points, ratios;
  for (const auto& level : padding) {
    ratios.push_back(ratio_of(level));
    points.push_back(middles(level, ratios.back()));
    positions.push_back(nn::sine_positions_2d(level, dim, sines).flatten(2).transpose(1, 2));
  }
  TokenPlaces places;
  places.positions = at::cat(positions, 1);
  places.ratios = at::stack(ratios, 1);
  places.references = at::cat(points, 1).unsqueeze(2) * places.ratios.unsqueeze(1);
  const auto hidden = flat(padding);
  // A mask that hides nothing changes nothing, but costs; to ask a GPU would mean to wait for it.
  if (masked && (!hidden.is_cpu() || hidden.any().item<bool>())) places.padding = hidden;
  places.proposals = proposals_of(padding);
  return places;
}

}  // namespace vitral::detr
