#include "detr/match_costs.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "common/core/error.h"
#include "detr/boxes.h"

namespace vitral::detr {
namespace {

/// What it costs query by query [..., Q, K] to be of a class.
at::Tensor class_costs(const at::Tensor& logits, const MatchOptions& options) {
  if (options.softmax) return -at::softmax(logits, -1);
  constexpr double kTiny = 1e-8;
  const auto& focal = options.focal;
  const auto p = at::sigmoid(logits);
  const auto as_object = focal.alpha * (1 - p).pow(focal.gamma) * -(p + kTiny).log();
  const auto as_nothing = (1 - focal.alpha) * p.pow(focal.gamma) * -(1 - p + kTiny).log();
  return as_object - as_nothing;
}

/// `classes` [..., Q, N]: what each query would pay for the class of each object; boxes [..., Q, 4], theirs
/// [..., N, 4] -> [..., Q, N]
at::Tensor costs(const at::Tensor& classes, const at::Tensor& boxes, const at::Tensor& wanted,
                 const MatchOptions& options) {
  const auto ours = boxes.unsqueeze(-2), theirs = wanted.unsqueeze(-3);  // [..., Q, 1, 4], [..., 1, N, 4]
  const auto distance = (ours - theirs).abs().sum(-1);
  const auto giou = generalized_iou_xyxy(cxcywh_to_xyxy(ours), cxcywh_to_xyxy(theirs));
  return options.class_cost * classes + options.box_cost * distance - options.giou_cost * giou;
}

std::int64_t class_count(const SetPrediction& prediction, const MatchOptions& options) {
  return prediction.logits.size(2) - (options.softmax ? 1 : 0);
}

/// labels: on the CPU.
void check(const at::Tensor& labels, std::int64_t classes, std::size_t picture) {
  if (labels.numel() == 0) return;
  const auto least = labels.min().item<std::int64_t>(), most = labels.max().item<std::int64_t>();
  if (least >= 0 && most < classes) return;
  throw Error(
      ErrorKind::input, "picture " + std::to_string(picture) + " of the batch",
      "has a label " + std::to_string(least < 0 ? least : most) + ", expected 0 to " + std::to_string(classes - 1));
}

/// The objects of a batch as many for every picture: the first one again where a picture has fewer.
struct PaddedTargets {
  at::Tensor labels;      // int64 [B, N]
  at::Tensor boxes;       // [B, N, 4]
  at::Tensor all_labels;  // int64 [M], side by side
  std::vector<std::int64_t> counts;
};

PaddedTargets padded(std::span<const Target> targets) {
  PaddedTargets result;
  std::vector<at::Tensor> labels, boxes;
  std::int64_t most = 0;
  for (const auto& target : targets) {
    labels.push_back(target.labels);
    boxes.push_back(target.boxes);
    result.counts.push_back(target.labels.size(0));
    most = std::max(most, result.counts.back());
  }
  result.all_labels = at::cat(labels);
  const auto count = static_cast<std::int64_t>(targets.size());
  auto places = at::zeros({count, most}, at::kLong);
  auto place = places.accessor<std::int64_t, 2>();
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < count; first += result.counts[static_cast<std::size_t>(i++)]) {
    for (std::int64_t k = 0; k < result.counts[static_cast<std::size_t>(i)]; ++k) place[i][k] = first + k;
  }
  const auto there = places.flatten().to(result.all_labels.device());
  result.labels = result.all_labels.index_select(0, there).view({count, most});
  result.boxes = at::cat(boxes).index_select(0, there).view({count, most, 4});
  return result;
}

}  // namespace

HostCosts costs_by_picture(const SetPrediction& prediction, std::span<const Target> targets,
                           const MatchOptions& options) {
  HostCosts host;
  std::vector<at::Tensor> flat;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto& [labels, boxes] = targets[i];
    check(labels, class_count(prediction, options), i);
    const auto picture = static_cast<std::int64_t>(i);
    const auto classes =
        class_costs(prediction.logits[picture].to(at::kFloat), options).index_select(1, labels);  // [Q, N]
    flat.push_back(costs(classes, prediction.boxes[picture], boxes, options).flatten());
    host.rows.push_back(labels.size(0));
  }
  host.memory = at::cat(flat).to(at::kDouble);
  const double* data = host.memory.const_data_ptr<double>();
  for (const auto count : host.rows) {
    host.pictures.push_back(data);
    data += prediction.logits.size(1) * count;
  }
  return host;
}

std::vector<HostCosts> costs_of_batch(std::span<const SetPrediction> predictions, std::span<const Target> targets,
                                      const MatchOptions& options) {
  const auto objects = padded(targets);
  const auto pictures = objects.labels.size(0), most = objects.labels.size(1);
  std::vector<at::Tensor> flat{objects.all_labels.to(at::kFloat)};  // exact: there are not so many classes
  for (const auto& prediction : predictions) {
    const auto queries = prediction.logits.size(1);
    // A label that is no class would end the process on a GPU: it is told below.
    const auto known = objects.labels.clamp(0, class_count(prediction, options) - 1);
    const auto classes = class_costs(prediction.logits.to(at::kFloat), options)
                             .gather(2, known.unsqueeze(1).expand({pictures, queries, most}));  // [B, Q, N]
    flat.push_back(costs(classes, prediction.boxes.to(at::kFloat), objects.boxes, options).flatten());
  }
  const auto host = at::cat(flat).to(at::kCPU).to(at::kDouble);
  const double* data = host.const_data_ptr<double>() + objects.all_labels.numel();
  std::vector<HostCosts> result;
  for (const auto& prediction : predictions) {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < targets.size(); first += objects.counts[i++]) {
      check(host.narrow(0, first, objects.counts[i]).to(at::kLong), class_count(prediction, options), i);
    }
    HostCosts costs{host, {}, std::vector<std::int64_t>(targets.size(), most)};
    for (std::size_t i = 0; i < targets.size(); ++i, data += prediction.logits.size(1) * most) {
      costs.pictures.push_back(data);
    }
    result.push_back(std::move(costs));
  }
  return result;
}

}  // namespace vitral::detr
