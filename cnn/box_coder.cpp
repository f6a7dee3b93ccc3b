#include "cnn/box_coder.h"

#include <ATen/ops/stack.h>

#include <cmath>

namespace vitral::cnn {
namespace {

/// Sizes and centres of boxes [..., 4]; each [...].
struct Centred {
  explicit Centred(const at::Tensor& boxes)
      : width(boxes.select(-1, 2) - boxes.select(-1, 0)),
        height(boxes.select(-1, 3) - boxes.select(-1, 1)),
        x(boxes.select(-1, 0) + 0.5 * width),
        y(boxes.select(-1, 1) + 0.5 * height) {}
  at::Tensor width, height, x, y;
};

}  // namespace

at::Tensor decode_boxes(const at::Tensor& codes, const at::Tensor& references, const CoderWeights& weights) {
  static const double kMostScale = std::log(1000.0 / 16);
  const Centred from(references);
  const auto code = [&](std::int64_t i) { return codes.select(-1, i) / weights[static_cast<std::size_t>(i)]; };
  const auto x = code(0) * from.width + from.x;
  const auto y = code(1) * from.height + from.y;
  const auto half_width = 0.5 * (code(2).clamp_max(kMostScale).exp() * from.width);
  const auto half_height = 0.5 * (code(3).clamp_max(kMostScale).exp() * from.height);
  return at::stack({x - half_width, y - half_height, x + half_width, y + half_height}, -1);
}

at::Tensor encode_boxes(const at::Tensor& boxes, const at::Tensor& references, const CoderWeights& weights) {
  const Centred to(boxes), from(references);
  return at::stack({weights[0] * (to.x - from.x) / from.width, weights[1] * (to.y - from.y) / from.height,
                    weights[2] * (to.width / from.width).log(), weights[3] * (to.height / from.height).log()},
                   -1);
}

at::Tensor clip_boxes(const at::Tensor& boxes, std::array<std::int64_t, 2> size) {
  const auto x = [&](std::int64_t i) { return boxes.select(-1, i).clamp(0, size[1]); };
  const auto y = [&](std::int64_t i) { return boxes.select(-1, i).clamp(0, size[0]); };
  return at::stack({x(0), y(1), x(2), y(3)}, -1);
}

at::Tensor large_boxes(const at::Tensor& boxes, double least) {
  const auto sides = boxes.narrow(1, 2, 2) - boxes.narrow(1, 0, 2);  // [N, 2]
  return sides.ge(least).all(1).nonzero().squeeze(1);
}

}  // namespace vitral::cnn
