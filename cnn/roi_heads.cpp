#include "cnn/roi_heads.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "cnn/box_coder.h"
#include "common/nn/nms.h"
#include "common/nn/roi_align.h"

namespace vitral::cnn {
namespace {

constexpr double kLeastSide = 1e-2;

/// Cells a pixel, a power of two: from what a level shows of the largest picture.
double scale_of(const at::Tensor& map, const std::vector<PictureSize>& sizes) {
  std::int64_t height = 1;
  for (const auto& size : sizes) height = std::max(height, size[0]);
  const auto ratio = static_cast<float>(static_cast<double>(map.size(2)) / static_cast<double>(height));
  return std::exp2(std::nearbyint(std::log2(ratio)));
}

/// int64 [R]: which map a region is pooled from; regions of 224 pixels belong to the level of stride 16.
at::Tensor levels_of(const at::Tensor& boxes, const std::vector<double>& scales) {
  const auto first = static_cast<std::int64_t>(-std::log2(scales.front()));
  const auto last = static_cast<std::int64_t>(-std::log2(scales.back()));
  const auto side = ((boxes.select(1, 2) - boxes.select(1, 0)) * (boxes.select(1, 3) - boxes.select(1, 1))).sqrt();
  return ((side / 224).log2() + 4 + 1e-6).floor().clamp(first, last).to(at::kLong) - first;
}

}  // namespace

void RoiBoxHeadImpl::reset() {
  convolutions.clear();
  linears.clear();
  for (std::int64_t i = 0; i < options.convolutions(); ++i) {
    const auto geometry = nn::Conv2dOptions(options.channels(), options.channels(), 3).padding(1);
    const auto unit = ConvUnitOptions(geometry).norm(nn::NormOptions()).activation(nn::Activation::relu);
    convolutions.emplace_back(register_module(std::to_string(i), ConvUnit(unit)));
  }
  const std::int64_t flat = options.channels() * options.bins() * options.bins();
  const auto add = [this](const std::string& name, std::int64_t in) {
    linears.emplace_back(register_module(name, nn::Linear(in, options.hidden())));
  };
  if (convolutions.empty()) {
    add("fc6", flat);
    add("fc7", options.hidden());
  } else {
    add(std::to_string(options.convolutions() + 1), flat);
  }
}

at::Tensor RoiBoxHeadImpl::forward(at::Tensor x) {
  for (auto& unit : convolutions) x = unit->forward(x);
  x = x.flatten(1);  // channels, rows, columns
  for (auto& linear : linears) x = linear->forward(x, nn::Activation::relu);
  return x;
}

void RoiPredictorImpl::reset() {
  cls_score = register_module("cls_score", nn::Linear(options.hidden(), options.num_classes()));
  bbox_pred = register_module("bbox_pred", nn::Linear(options.hidden(), 4 * options.num_classes()));
}

void RoiHeadsImpl::reset() {
  box_head = register_module("box_head", RoiBoxHead(options));
  box_predictor = register_module("box_predictor", RoiPredictor(options));
}

at::Tensor RoiHeadsImpl::pool(const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& regions,
                              const std::vector<PictureSize>& sizes) const {
  const std::vector<at::Tensor> levels(maps.begin(), maps.end() - 1);
  std::vector<double> scales;
  for (const auto& map : levels) scales.push_back(scale_of(map, sizes));
  std::vector<at::Tensor> rois;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const auto picture = at::full({regions[i].size(0), 1}, static_cast<double>(i), regions[i].options());
    rois.push_back(at::cat({picture, regions[i]}, 1));
  }
  const auto all = at::cat(rois);  // [R, 5]
  const nn::RoiAlignOptions align{options.bins(), options.bins(), options.sampling(), false};
  return nn::roi_align(levels, all, levels_of(all.narrow(1, 1, 4), scales), scales, align);
}

RegionPredictions RoiHeadsImpl::forward(const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& regions,
                                        const std::vector<PictureSize>& sizes) {
  const auto x = box_head->forward(pool(maps, regions, sizes));
  return {box_predictor->cls_score->forward(x).to(at::kFloat),
          box_predictor->bbox_pred->forward(x).to(at::kFloat).view({-1, options.num_classes(), 4})};
}

Detections RoiHeadsImpl::detect_one(const at::Tensor& scores, const at::Tensor& codes, const at::Tensor& regions,
                                    PictureSize size, const Thresholds& thresholds) const {
  // Of the pairs of region and class, background left out, few are worth decoding.
  const auto pairs = scores.narrow(1, 1, scores.size(1) - 1).gt(thresholds.min_score).nonzero();  // [N, 2]
  const auto region = pairs.select(1, 0), label = pairs.select(1, 1) + 1;
  const auto all =
      clip_boxes(decode_boxes(codes.index({region, label}), regions.index_select(0, region), kRoiWeights), size);
  const auto large = large_boxes(all, kLeastSide);
  const auto boxes = all.index_select(0, large), labels = label.index_select(0, large);
  const auto probabilities = scores.index({region, label}).index_select(0, large);
  auto kept = nn::batched_nms(boxes, probabilities, labels, thresholds.nms, NmsRule::torchvision);
  kept = kept.narrow(0, 0, std::min(kept.size(0), options.most()));
  const auto result = [&kept](const at::Tensor& x) { return x.index_select(0, kept).to(at::kCPU); };
  return {result(boxes), result(probabilities), result(labels)};
}

std::vector<Detections> RoiHeadsImpl::detect(const RegionPredictions& predictions,
                                             const std::vector<at::Tensor>& regions,
                                             const std::vector<PictureSize>& sizes,
                                             const Thresholds& thresholds) const {
  const auto scores = predictions.logits.softmax(1);
  std::vector<Detections> result;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const std::int64_t count = regions[i].size(0);
    result.push_back(detect_one(scores.narrow(0, begin, count), predictions.codes.narrow(0, begin, count), regions[i],
                                sizes[i], thresholds));
    begin += count;
  }
  return result;
}

}  // namespace vitral::cnn
