#include "detr/criterion.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "detr/boxes.h"

namespace vitral::detr {
namespace {

/// The objects of all pictures side by side, where the predictions lie.
struct Objects {
  at::Tensor labels;  ///< int64 [N]
  at::Tensor boxes;   ///< [N, 4]
};

Objects side_by_side(std::span<const Target> targets, const at::Device& device) {
  std::vector<at::Tensor> labels, boxes;
  for (const auto& target : targets) {
    labels.push_back(target.labels);
    boxes.push_back(target.boxes);
  }
  return {at::cat(labels).to(device), at::cat(boxes).to(device)};
}

/// All pairs of the batch, laid flat.
struct Pairs {
  at::Tensor places;  ///< int64 [M], picture * Q + query
  at::Tensor labels;  ///< int64 [M]
  at::Tensor boxes;   ///< [M, 4], of the objects
};

/// The places of all predictions' pairs and of their objects, told on the CPU, go to a GPU in one copy.
std::vector<Pairs> flatten(std::span<const Matching> matchings, std::span<const SetPrediction> predictions,
                           std::span<const Target> targets, const Objects& objects) {
  std::vector<at::Tensor> places, chosen;
  std::vector<std::int64_t> counts(predictions.size(), 0);
  for (std::size_t k = 0; k < predictions.size(); ++k) {
    std::int64_t first = 0;  // of the picture's objects
    for (std::size_t i = 0; i < targets.size(); first += targets[i++].labels.size(0)) {
      const auto& match = matchings[k].pictures[i];
      places.push_back(match.queries + static_cast<std::int64_t>(i) * predictions[k].logits.size(1));
      chosen.push_back(match.targets + first);
      counts[k] += match.queries.size(0);
    }
  }
  places.insert(places.end(), chosen.begin(), chosen.end());
  const auto both = at::cat(places).view({2, -1}).to(objects.labels.device());
  std::vector<Pairs> result;
  std::int64_t first = 0;
  for (const auto count : counts) {
    const auto part = both.narrow(1, first, count);
    const auto object = part[1];
    result.push_back({part[0], objects.labels.index_select(0, object), objects.boxes.index_select(0, object)});
    first += count;
  }
  return result;
}

/// logits [B * Q, K + 1]
at::Tensor cross_entropy(const at::Tensor& logits, const Pairs& pairs, double no_object_weight) {
  const std::int64_t no_object = logits.size(1) - 1;
  const auto wanted =
      at::full({logits.size(0)}, no_object, pairs.labels.options()).index_copy(0, pairs.places, pairs.labels);
  auto weights = at::ones({logits.size(1)}, logits.options());
  weights[no_object] = no_object_weight;
  return at::cross_entropy_loss(logits, wanted, weights);
}

/// 1 (or `scores`) at the class of every matched query: [B * Q, K]
at::Tensor one_hot(const at::Tensor& logits, const Pairs& pairs, const at::Tensor& scores) {
  const auto flat = pairs.places * logits.size(1) + pairs.labels;
  return at::zeros({logits.numel()}, logits.options()).index_copy(0, flat, scores).view(logits.sizes());
}

/// Summed over everything.
at::Tensor focal(const at::Tensor& logits, const Pairs& pairs, const FocalOptions& options) {
  const auto wanted = one_hot(logits, pairs, at::ones({pairs.labels.size(0)}, logits.options()));
  const auto p = at::sigmoid(logits);
  const auto miss = p * (1 - wanted) + (1 - p) * wanted;  // how far p is from what is wanted
  const auto balance = options.alpha * wanted + (1 - options.alpha) * (1 - wanted);
  const auto plain = at::binary_cross_entropy_with_logits(logits, wanted, {}, {}, at::Reduction::None);
  return (balance * miss.pow(options.gamma) * plain).sum();
}

/// Summed over everything; `reached` [M]: the IoU of each pair.
at::Tensor varifocal(const at::Tensor& logits, const Pairs& pairs, const at::Tensor& reached,
                     const FocalOptions& options) {
  const auto hit = one_hot(logits, pairs, at::ones({pairs.labels.size(0)}, logits.options()));
  const auto wanted = one_hot(logits, pairs, reached.to(logits.scalar_type()));
  const auto weights = options.alpha * at::sigmoid(logits).detach().pow(options.gamma) * (1 - hit) + wanted;
  return at::binary_cross_entropy_with_logits(logits, wanted, weights, {}, at::Reduction::Sum);
}

SetLoss loss_of(const SetPrediction& prediction, const Pairs& pairs, const CriterionOptions& options, double objects) {
  const auto logits = prediction.logits.to(at::kFloat).flatten(0, 1);  // [B * Q, K']
  const auto found = prediction.boxes.flatten(0, 1).index_select(0, pairs.places);
  const auto ours = cxcywh_to_xyxy(found), theirs = cxcywh_to_xyxy(pairs.boxes);
  SetLoss loss;
  loss.boxes = (found - pairs.boxes).abs().sum() / objects;
  loss.giou = (1 - generalized_iou_xyxy(ours, theirs)).sum() / objects;
  switch (options.class_loss) {
    case ClassLoss::cross_entropy:
      loss.classes = cross_entropy(logits, pairs, options.no_object_weight);
      break;
    case ClassLoss::focal:
      loss.classes = focal(logits, pairs, options.focal) / objects;
      break;
    case ClassLoss::varifocal:
      loss.classes = varifocal(logits, pairs, iou_xyxy(ours, theirs).detach(), options.focal) / objects;
      break;
  }
  return loss;
}

double count(std::span<const Target> targets) {
  double objects = 0;
  for (const auto& target : targets) objects += static_cast<double>(target.labels.size(0));
  return objects;
}

}  // namespace

CriterionOptions detr_criterion() {
  return {};
}

CriterionOptions deformable_detr_criterion() {
  CriterionOptions options;
  options.class_loss = ClassLoss::focal;
  options.class_weight = options.match.class_cost = 2;
  options.match.softmax = false;
  return options;
}

CriterionOptions rtdetr_criterion() {
  auto options = deformable_detr_criterion();
  options.class_loss = ClassLoss::varifocal;
  options.class_weight = 1;
  options.focal.alpha = 0.75;
  return options;
}

CriterionResult set_criterion(std::span<const SetPrediction> predictions, std::span<const Target> targets,
                              const CriterionOptions& options, double object_count) {
  const double objects = std::max(object_count > 0 ? object_count : count(targets), 1.0);
  CriterionResult result;
  if (predictions.empty()) return result;
  const auto matchings = match(predictions, targets, options.match);
  const auto pairs = flatten(matchings, predictions, targets, side_by_side(targets, predictions[0].logits.device()));
  for (std::size_t k = 0; k < predictions.size(); ++k) {
    const auto loss = loss_of(predictions[k], pairs[k], options, objects);
    const auto weighted =
        options.class_weight * loss.classes + options.box_weight * loss.boxes + options.giou_weight * loss.giou;
    result.total = result.total.defined() ? result.total + weighted : weighted;
    result.layers.push_back(loss);
    const auto& strange = matchings[k].not_finite;
    result.not_finite.insert(result.not_finite.end(), strange.begin(), strange.end());
  }
  return result;
}

NamedTensors parts_of(const CriterionResult& result, const CriterionOptions& options) {
  SetLoss sum = result.layers.front();
  for (const auto& layer : std::span(result.layers).subspan(1)) {
    sum = {sum.classes + layer.classes, sum.boxes + layer.boxes, sum.giou + layer.giou};
  }
  return {{"loss_class", options.class_weight * sum.classes},
          {"loss_box", options.box_weight * sum.boxes},
          {"loss_giou", options.giou_weight * sum.giou}};
}

std::vector<Target> targets_of(std::span<const ObjectTensors> objects) {
  std::vector<Target> targets;
  for (const auto& each : objects) targets.push_back({each.labels, each.normalised});
  return targets;
}

}  // namespace vitral::detr
