#include "detr/matcher.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "common/core/assignment.h"
#include "detr/match_costs.h"

namespace vitral::detr {
namespace {

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

Matching solve(const HostCosts& costs, std::int64_t queries, std::span<const Target> targets, int threads) {
  using Rows = Eigen::Map<const CostMatrix, Eigen::Unaligned, Eigen::OuterStride<>>;
  Matching result;
  std::vector<CostMatrix> matrices;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::int64_t count = targets[i].labels.size(0);
    matrices.emplace_back(Rows(costs.pictures[i], queries, count, Eigen::OuterStride<>(costs.rows[i])));
    if (make_finite(matrices.back())) result.not_finite.push_back(static_cast<std::int64_t>(i));
  }
  const std::vector<CostView> views(matrices.begin(), matrices.end());
  for (const auto& pairs : linear_assignment(views, threads)) result.pictures.push_back(to_match(pairs));
  return result;
}

}  // namespace

Matching match(const SetPrediction& prediction, std::span<const Target> targets, const MatchOptions& options) {
  return match(std::span(&prediction, 1), targets, options).front();
}

std::vector<Matching> match(std::span<const SetPrediction> predictions, std::span<const Target> targets,
                            const MatchOptions& options) {
  const at::NoGradGuard no_grad;
  std::vector<HostCosts> costs;
  if (!predictions.empty() && !targets.empty() && !predictions[0].logits.is_cpu()) {
    costs = costs_of_batch(predictions, targets, options);
  } else {
    for (const auto& prediction : predictions) costs.push_back(costs_by_picture(prediction, targets, options));
  }
  std::vector<Matching> result;
  for (std::size_t k = 0; k < predictions.size(); ++k) {
    result.push_back(solve(costs[k], predictions[k].logits.size(1), targets, options.threads));
  }
  return result;
}

}  // namespace vitral::detr
