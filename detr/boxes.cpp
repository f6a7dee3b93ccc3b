#include "detr/boxes.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>

namespace vitral::detr {
namespace {

constexpr double kLeastArea = 1e-12;  // keeps 0 / 0 from becoming a loss

at::Tensor low(const at::Tensor& boxes) {
  return boxes.slice(-1, 0, 2);
}
at::Tensor high(const at::Tensor& boxes) {
  return boxes.slice(-1, 2, 4);
}

/// Area between two corners, 0 where the second is not beyond the first.
at::Tensor area(const at::Tensor& from, const at::Tensor& to) {
  const auto size = (to - from).clamp_min(0);
  return size.select(-1, 0) * size.select(-1, 1);
}

struct Overlap {
  at::Tensor intersection, all;  ///< areas
};

Overlap overlap(const at::Tensor& a, const at::Tensor& b) {
  const auto both = area(at::maximum(low(a), low(b)), at::minimum(high(a), high(b)));
  return {both, area(low(a), high(a)) + area(low(b), high(b)) - both};
}

}  // namespace

at::Tensor cxcywh_to_xyxy(const at::Tensor& boxes) {
  const auto center = low(boxes), half = high(boxes) / 2;
  return at::cat({center - half, center + half}, -1);
}

at::Tensor iou_xyxy(const at::Tensor& a, const at::Tensor& b) {
  const auto areas = overlap(a, b);
  return areas.intersection / areas.all.clamp_min(kLeastArea);
}

at::Tensor generalized_iou_xyxy(const at::Tensor& a, const at::Tensor& b) {
  const auto areas = overlap(a, b);
  const auto enclosing = area(at::minimum(low(a), low(b)), at::maximum(high(a), high(b))).clamp_min(kLeastArea);
  return areas.intersection / areas.all.clamp_min(kLeastArea) - (enclosing - areas.all) / enclosing;
}

}  // namespace vitral::detr
