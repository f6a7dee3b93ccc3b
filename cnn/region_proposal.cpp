#include "cnn/region_proposal.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bucketize.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "cnn/box_coder.h"
#include "common/nn/nms.h"

namespace vitral::cnn {
namespace {

constexpr double kLeastSide = 1e-3;

/// [B, anchors * n, h, w] -> fp32 [B, h * w * anchors, n]
at::Tensor by_anchor(const at::Tensor& map, std::int64_t anchors) {
  const std::int64_t numbers = map.size(1) / anchors;
  return map.to(at::kFloat)
      .reshape({map.size(0), anchors, numbers, map.size(2), map.size(3)})
      .permute({0, 3, 4, 1, 2})
      .reshape({map.size(0), -1, numbers});
}

/// Anchors of one cell around its corner: [ratios, 4], rounded to whole pixels.
at::Tensor cell_anchors(double size, const std::vector<double>& ratios) {
  const auto height_ratio = at::tensor(ratios, at::kFloat).sqrt();
  const auto width = (1 / height_ratio) * size, height = height_ratio * size;
  return (at::stack({-width, -height, width, height}, 1) / 2).round();
}

}  // namespace

void RegionProposalHeadImpl::reset() {
  const std::int64_t channels = options.channels(), anchors = static_cast<std::int64_t>(options.ratios().size());
  conv = register_module("conv", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.depth(); ++i) {
    const auto geometry = nn::Conv2dOptions(channels, channels, 3).padding(1).bias(true);
    conv->push_back(ConvUnit(ConvUnitOptions(geometry).activation(nn::Activation::relu)));
  }
  cls_logits = register_module("cls_logits", nn::Conv2d(nn::Conv2dOptions(channels, anchors, 1).bias(true)));
  bbox_pred = register_module("bbox_pred", nn::Conv2d(nn::Conv2dOptions(channels, 4 * anchors, 1).bias(true)));
}

AnchorPredictions RegionProposalHeadImpl::forward(const std::vector<at::Tensor>& maps) {
  const auto anchors = static_cast<std::int64_t>(options.ratios().size());
  AnchorPredictions result;
  std::vector<at::Tensor> logits, codes;
  for (const auto& map : maps) {
    auto x = map;
    for (const auto& unit : *conv) x = unit->as<ConvUnit>()->forward(x);
    logits.push_back(by_anchor(cls_logits->forward(x), anchors).squeeze(2));
    codes.push_back(by_anchor(bbox_pred->forward(x), anchors));
    result.counts.push_back(logits.back().size(1));
  }
  result.logits = at::cat(logits, 1);
  result.codes = at::cat(codes, 1);
  return result;
}

void RegionProposalImpl::reset() {
  head = register_module("head", RegionProposalHead(options));
  anchors_.clear();
}

at::Tensor RegionProposalImpl::anchors(const std::vector<at::Tensor>& maps, PictureSize padded) {
  AnchorKey key{{padded[0], padded[1]}, maps.front().device()};
  for (const auto& map : maps) key.sizes.insert(key.sizes.end(), {map.size(2), map.size(3)});
  return *anchors_.get(key, [&] { return make_anchors(maps, padded); });
}

at::Tensor RegionProposalImpl::make_anchors(const std::vector<at::Tensor>& maps, PictureSize padded) const {
  const c10::InferenceMode ordinary(false);  // what an evaluation has left here serves the next training step
  std::vector<at::Tensor> levels;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::int64_t height = maps[i].size(2), width = maps[i].size(3);
    const auto y = at::arange(height, at::kFloat) * static_cast<double>(padded[0] / height);
    const auto x = at::arange(width, at::kFloat) * static_cast<double>(padded[1] / width);
    const auto rows = y.view({-1, 1}).expand({height, width}), columns = x.view({1, -1}).expand({height, width});
    const auto corners = at::stack({columns, rows, columns, rows}, 2).view({-1, 1, 4});
    levels.push_back((corners + cell_anchors(options.sizes()[i], options.ratios())).view({-1, 4}));
  }
  return at::cat(levels).to(maps.front().device());
}

/// int64 [B, n]: places of the best anchors of each level.
at::Tensor RegionProposalImpl::best_of_levels(const AnchorPredictions& predictions) const {
  std::vector<at::Tensor> best;
  std::int64_t begin = 0;
  for (const std::int64_t count : predictions.counts) {
    const auto logits = predictions.logits.narrow(1, begin, count);
    best.push_back(std::get<1>(logits.topk(std::min(count, options.before_nms()), 1)) + begin);
    begin += count;
  }
  return at::cat(best, 1);
}

std::vector<at::Tensor> RegionProposalImpl::propose(const AnchorPredictions& predictions, const at::Tensor& anchors,
                                                    const std::vector<PictureSize>& sizes) const {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> ends;  // of the levels
  for (const std::int64_t count : predictions.counts) ends.push_back(count + (ends.empty() ? 0 : ends.back()));
  const auto best = best_of_levels(predictions);
  const auto level = at::bucketize(best, at::tensor(ends, best.options()), /*out_int32=*/false, /*right=*/true);
  std::vector<at::Tensor> result;
  for (std::int64_t i = 0; i < best.size(0); ++i) {
    const auto place = best[i];
    const auto boxes = clip_boxes(
        decode_boxes(predictions.codes[i].index_select(0, place), anchors.index_select(0, place), kRpnWeights),
        sizes[static_cast<std::size_t>(i)]);
    const auto scores = predictions.logits[i].index_select(0, place).sigmoid();
    const auto large = large_boxes(boxes, kLeastSide);
    const auto candidates = boxes.index_select(0, large);
    const auto kept = nn::batched_nms(candidates, scores.index_select(0, large), level[i].index_select(0, large),
                                      options.nms(), NmsRule::torchvision);
    result.push_back(candidates.index_select(0, kept.narrow(0, 0, std::min(kept.size(0), options.after_nms()))));
  }
  return result;
}

std::vector<at::Tensor> RegionProposalImpl::forward(const std::vector<at::Tensor>& maps, PictureSize padded,
                                                    const std::vector<PictureSize>& sizes) {
  return propose(head->forward(maps), anchors(maps, padded), sizes);
}

}  // namespace vitral::cnn
