#include "cnn/yolox.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/nn/nms.h"

namespace vitral::cnn {
namespace {

constexpr std::array<std::int64_t, 3> kStrides = {8, 16, 32};

at::Tensor twice_as_fine(const at::Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

/// A 1x1 convolution whose outputs start as the logit of `prior` (Lin et al. 2017, Focal Loss, section 3.3); 0: as
/// zero.
nn::Conv2d prediction(std::int64_t in, std::int64_t out, double prior) {
  nn::Conv2d conv(nn::Conv2dOptions(in, out, 1).bias(true));
  if (prior > 0) conv->bias.detach().fill_(-std::log((1 - prior) / prior));
  return conv;
}

/// xyxy from cxcywh, [..., 4].
at::Tensor corners(const at::Tensor& boxes) {
  const auto centre = boxes.narrow(-1, 0, 2), half = boxes.narrow(-1, 2, 2) / 2;
  return at::cat({centre - half, centre + half}, -1);
}

}  // namespace

std::int64_t YoloxOptions::blocks(std::int64_t times) const {
  return std::max<std::int64_t>(std::lround(depth() * 3), 1) * times;
}

void CspStageImpl::reset() {
  strided = register_conv3x3(*this, "0", options.in, options.csp.in, 2, options.csp.depthwise);
  if (options.pyramid) pyramid = register_module("1", SpatialPyramid(options.csp.in));
  csp = register_module(options.pyramid ? "2" : "1", CspLayer(options.csp));
}

at::Tensor CspStageImpl::forward(const at::Tensor& x) {
  const auto y = strided->forward(x);
  return csp->forward(options.pyramid ? pyramid->forward(y) : y);
}

void CspDarknetImpl::reset() {
  const auto stage = [this](const std::string& name, std::int64_t base, std::int64_t times, bool last) {
    const std::int64_t out = options.channels(base);
    const CspLayerOptions csp{out, out, options.blocks(times), !last, options.depthwise()};
    return register_module(name, CspStage(CspStageOptions{csp, out / 2, last}));
  };
  stem = register_module("stem", Focus(options.channels(64)));
  dark2 = stage("dark2", 128, 1, false);
  dark3 = stage("dark3", 256, 3, false);
  dark4 = stage("dark4", 512, 3, false);
  dark5 = stage("dark5", 1024, 1, true);
}

YoloxMaps CspDarknetImpl::forward(const at::Tensor& images) {
  const auto fine = dark3->forward(dark2->forward(stem->forward(images)));
  const auto middle = dark4->forward(fine);
  return {fine, middle, dark5->forward(middle)};
}

void YoloxPyramidImpl::reset() {
  const std::int64_t fine = options.channels(256), middle = options.channels(512), coarse = options.channels(1024);
  const auto csp = [this](std::int64_t in, std::int64_t out) {
    return CspLayer(CspLayerOptions{in, out, options.blocks(), false, options.depthwise()});
  };
  backbone = register_module("backbone", CspDarknet(options));
  lateral_conv0 = register_module("lateral_conv0", yolox_conv(coarse, middle, 1));
  p4 = register_module("C3_p4", csp(2 * middle, middle));
  reduce_conv1 = register_module("reduce_conv1", yolox_conv(middle, fine, 1));
  p3 = register_module("C3_p3", csp(2 * fine, fine));
  bu_conv2 = register_conv3x3(*this, "bu_conv2", fine, fine, 2, options.depthwise());
  n3 = register_module("C3_n3", csp(2 * fine, middle));
  bu_conv1 = register_conv3x3(*this, "bu_conv1", middle, middle, 2, options.depthwise());
  n4 = register_module("C3_n4", csp(2 * middle, coarse));
}

YoloxMaps YoloxPyramidImpl::forward(const at::Tensor& images) {
  const auto [fine, middle, coarse] = backbone->forward(images);
  const auto lateral = lateral_conv0->forward(coarse);                              // 512, H / 32
  const auto merged = p4->forward(at::cat({twice_as_fine(lateral), middle}, 1));    // 512, H / 16
  const auto reduced = reduce_conv1->forward(merged);                               // 256, H / 16
  const auto out8 = p3->forward(at::cat({twice_as_fine(reduced), fine}, 1));        // 256, H / 8
  const auto out16 = n3->forward(at::cat({bu_conv2->forward(out8), reduced}, 1));   // 512, H / 16
  const auto out32 = n4->forward(at::cat({bu_conv1->forward(out16), lateral}, 1));  // 1024, H / 32
  return {out8, out16, out32};
}

void YoloxTowerImpl::reset() {
  const std::int64_t channels = options.channels(256);
  first = register_conv3x3(*this, "0", channels, channels, 1, options.depthwise());
  second = register_conv3x3(*this, "1", channels, channels, 1, options.depthwise());
}

void YoloxHeadImpl::reset() {
  const auto list = [this](const char* name) { return register_module(name, torch::nn::ModuleList()); };
  stems = list("stems");
  cls_convs = list("cls_convs");
  reg_convs = list("reg_convs");
  cls_preds = list("cls_preds");
  reg_preds = list("reg_preds");
  obj_preds = list("obj_preds");
  for (const std::int64_t base : {256, 512, 1024}) add_level(options.channels(base));
}

void YoloxHeadImpl::add_level(std::int64_t in) {
  const std::int64_t channels = options.channels(256);
  stems->push_back(yolox_conv(in, channels, 1));
  cls_convs->push_back(YoloxTower(options));
  reg_convs->push_back(YoloxTower(options));
  cls_preds->push_back(prediction(channels, options.num_classes(), 0.01));
  reg_preds->push_back(prediction(channels, 4, 0));
  obj_preds->push_back(prediction(channels, 1, 0.01));
}

YoloxMaps YoloxHeadImpl::forward(const YoloxMaps& maps) {
  YoloxMaps result;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const auto predict = [i](torch::nn::ModuleList& layers, const at::Tensor& x) {
      return layers[i]->as<nn::Conv2d>()->forward(x);
    };
    const auto x = stems[i]->as<ConvUnit>()->forward(maps[i]);
    const auto classes = cls_convs[i]->as<YoloxTower>()->forward(x);
    const auto boxes = reg_convs[i]->as<YoloxTower>()->forward(x);
    const auto box = predict(reg_preds, boxes), object = predict(obj_preds, boxes), kind = predict(cls_preds, classes);
    result[i] = at::cat({box, object, kind}, 1).to(at::kFloat);
  }
  return result;
}

void YoloxImpl::reset() {
  backbone = register_module("backbone", YoloxPyramid(options));
  head = register_module("head", YoloxHead(options));
  grids_.clear();
}

YoloxMaps YoloxImpl::forward_head(const at::Tensor& images) {
  if (images.size(2) % kStrides.back() != 0 || images.size(3) % kStrides.back() != 0) {
    throw Error(ErrorKind::input, "images",
                "are " + std::to_string(images.size(2)) + "x" + std::to_string(images.size(3)) +
                    ", YOLOX takes multiples of 32");
  }
  return head->forward(backbone->forward(images));
}

std::shared_ptr<const YoloxGrid> YoloxImpl::grid(const YoloxMaps& maps) {
  GridKey key{{}, maps[0].device()};
  for (const auto& map : maps) key.sizes.insert(key.sizes.end(), {map.size(2), map.size(3)});
  return grids_.get(key, [&] {
    const c10::InferenceMode ordinary(false);  // what an evaluation has left here serves the next training step
    std::vector<at::Tensor> cells, strides;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      const std::int64_t height = maps[i].size(2), width = maps[i].size(3);
      const auto options = maps[i].options().dtype(at::kFloat);
      const auto x = at::arange(width, options).view({1, -1}).expand({height, width});
      const auto y = at::arange(height, options).view({-1, 1}).expand({height, width});
      cells.push_back(at::stack({x, y}, 2).view({-1, 2}));
      strides.push_back(at::full({height * width, 1}, kStrides[i], options));
    }
    return YoloxGrid{at::cat(cells), at::cat(strides)};
  });
}

at::Tensor YoloxImpl::place(const at::Tensor& boxes, const YoloxGrid& grid) {
  return at::cat({(boxes.narrow(2, 0, 2) + grid.cells) * grid.strides, boxes.narrow(2, 2, 2).exp() * grid.strides}, 2);
}

at::Tensor flatten(const YoloxMaps& raw) {
  std::vector<at::Tensor> levels;
  // [B, h * w, 5 + K], views where channels lie side by side as in inference
  for (const auto& map : raw) levels.push_back(map.flatten(2).transpose(1, 2));
  return at::cat(levels, 1);
}

at::Tensor YoloxImpl::decode(const YoloxMaps& raw) {
  const auto all = flatten(raw);
  return at::cat({place(all.narrow(2, 0, 4), *grid(raw)), all.narrow(2, 4, all.size(2) - 4).sigmoid()}, 2);
}

NamedTensors YoloxImpl::compute(const PictureBatch& batch) {
  return {{"decoded", decode(forward_head(batch.images))}};
}

/// The best class of each anchor; what its probability times the objectness is enough for.
std::vector<Detections> YoloxImpl::find(const PictureBatch&, const NamedTensors& computed,
                                        const Thresholds& thresholds) {
  const auto decoded = computed.front().second.to(at::kCPU);
  std::vector<Detections> result;
  for (const auto& picture : decoded.unbind(0)) {
    const auto [probability, label] = picture.narrow(1, 5, options.num_classes()).max(1);
    const auto score = picture.select(1, 4) * probability;
    const auto enough = score.ge(thresholds.min_score).nonzero().squeeze(1);
    const auto boxes = corners(picture.narrow(1, 0, 4).index_select(0, enough));
    const auto scores = score.index_select(0, enough), labels = label.index_select(0, enough);
    const auto kept = nn::batched_nms(boxes, scores, labels, thresholds.nms, NmsRule::torchvision);
    result.push_back({boxes.index_select(0, kept), scores.index_select(0, kept), labels.index_select(0, kept)});
  }
  return result;
}

}  // namespace vitral::cnn
