#include "detr/matcher.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "common/core/assignment.h"
#include "common/core/error.h"
#include "detr/boxes.h"

namespace vitral::detr {
namespace {

/// What it costs query by query [Q, K] to be of a class.
at::Tensor class_costs(const at::Tensor& logits, const MatchOptions& options) {
  if (options.softmax) return -at::softmax(logits, -1);
  constexpr double kTiny = 1e-8;
  const auto& focal = options.focal;
  const auto p = at::sigmoid(logits);
  const auto as_object = focal.alpha * (1 - p).pow(focal.gamma) * -(p + kTiny).log();
  const auto as_nothing = (1 - focal.alpha) * p.pow(focal.gamma) * -(1 - p + kTiny).log();
  return as_object - as_nothing;
}

/// [Q, N]
at::Tensor costs(const at::Tensor& logits, const at::Tensor& boxes, const Target& target, const MatchOptions& options) {
  const auto classes = class_costs(logits.to(at::kFloat), options).index_select(1, target.labels);
  const auto ours = boxes.unsqueeze(1), theirs = target.boxes.unsqueeze(0);  // [Q, 1, 4], [1, N, 4]
  const auto distance = (ours - theirs).abs().sum(-1);
  const auto giou = generalized_iou_xyxy(cxcywh_to_xyxy(ours), cxcywh_to_xyxy(theirs));
  return options.class_cost * classes + options.box_cost * distance - options.giou_cost * giou;
}

void check(const Target& target, std::int64_t classes, std::size_t picture) {
  if (target.labels.numel() == 0) return;
  const auto least = target.labels.min().item<std::int64_t>(), most = target.labels.max().item<std::int64_t>();
  if (least >= 0 && most < classes) return;
  throw Error(
      ErrorKind::input, "picture " + std::to_string(picture) + " of the batch",
      "has a label " + std::to_string(least < 0 ? least : most) + ", expected 0 to " + std::to_string(classes - 1));
}

/// Replaces what is no number by more than all that is one. -> true where there was any.
bool make_finite(CostMatrix& cost) {
  if (cost.size() == 0 || cost.allFinite()) return false;
  double most = 0;
  for (Eigen::Index i = 0; i < cost.size(); ++i) {
    if (std::isfinite(cost.data()[i])) most = std::max(most, cost.data()[i]);
  }
  for (Eigen::Index i = 0; i < cost.size(); ++i) {
    if (!std::isfinite(cost.data()[i])) cost.data()[i] = most + 1;
  }
  return true;
}

Match to_match(const std::vector<AssignedPair>& pairs) {
  std::vector<std::int64_t> queries, targets;
  for (const auto& pair : pairs) {
    queries.push_back(pair.row);
    targets.push_back(pair.col);
  }
  return {at::tensor(queries, at::kLong), at::tensor(targets, at::kLong)};
}

}  // namespace

Matching match(const SetPrediction& prediction, std::span<const Target> targets, const MatchOptions& options) {
  const at::NoGradGuard no_grad;
  const std::int64_t queries = prediction.logits.size(1);
  const std::int64_t classes = prediction.logits.size(2) - (options.softmax ? 1 : 0);
  std::vector<at::Tensor> flat;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    check(targets[i], classes, i);
    const auto picture = static_cast<std::int64_t>(i);
    flat.push_back(costs(prediction.logits[picture], prediction.boxes[picture], targets[i], options).flatten());
  }
  const auto host = at::cat(flat).to(at::kCPU, at::kDouble);
  const double* data = host.const_data_ptr<double>();

  Matching result;
  std::vector<CostMatrix> matrices;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::int64_t count = targets[i].labels.size(0);
    matrices.emplace_back(Eigen::Map<const CostMatrix>(data, queries, count));
    if (make_finite(matrices.back())) result.not_finite.push_back(static_cast<std::int64_t>(i));
    data += queries * count;
  }
  const std::vector<CostView> views(matrices.begin(), matrices.end());
  for (const auto& pairs : linear_assignment(views, options.threads)) result.pictures.push_back(to_match(pairs));
  return result;
}

}  // namespace vitral::detr
