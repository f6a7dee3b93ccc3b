#include "cnn/weights.h"

#include <ATen/ops/zeros.h>

namespace vitral::cnn {
namespace {

using namespace weights;

// transformers' ResNetForImageClassification, and the bare model without prefix.
constexpr Rule kTransformersBlock[] = {
    rename("layer.{j}.convolution.{p}", "conv{j+1}.{p}"),
    rename("layer.{j}.normalization.{p}", "bn{j+1}.{p}"),
    rename("shortcut.convolution.{p}", "downsample.0.{p}"),
    rename("shortcut.normalization.{p}", "downsample.1.{p}"),
};
constexpr Rule kTransformersStem[] = {
    rename("embedder.embedder.convolution.{p}", "conv1.{p}"),
    rename("embedder.embedder.normalization.{p}", "bn1.{p}"),
};
constexpr Rule kTransformersHead[] = {rename("classifier.1.{p}", "fc.{p}")};
constexpr RuleGroup kTransformersGroups[] = {
    {"(resnet.|)encoder.stages.{s}.layers.{b}.", "layer{s+1}.{b}.", kTransformersBlock},
    {"(resnet.|)", "", kTransformersStem},
    {"", "", kTransformersHead},
};
constexpr std::string_view kTransformersMarks[] = {"(resnet.|)embedder.embedder.convolution.weight",
                                                   "(resnet.|)encoder.stages.0.layers.0.layer.0.convolution.weight"};

// torchvision's files can be written, but not be told from timm's: no name is the mark of them.
constexpr Rule kSame[] = {rename("{p}", "{p}")};
constexpr RuleGroup kSameGroups[] = {{"", "", kSame}};
constexpr std::string_view kNoMark[] = {"torchvision"};

constexpr KeyMap kResNet[] = {{"hf", kTransformersMarks, kTransformersGroups}, {"torchvision", kNoMark, kSameGroups}};

constexpr Rule kSeparable[] = {
    rename("_depthwise_conv.{p}", "conv_dw.{p}"),
    rename("_bn1.{p}", "bn1.{p}"),
    rename("_project_conv.{p}", "conv_pw.{p}"),
    rename("_bn2.{p}", "bn2.{p}"),
};
constexpr Rule kInverted[] = {
    rename("_expand_conv.{p}", "conv_pw.{p}"),    rename("_bn0.{p}", "bn1.{p}"),
    rename("_depthwise_conv.{p}", "conv_dw.{p}"), rename("_bn1.{p}", "bn2.{p}"),
    rename("_project_conv.{p}", "conv_pwl.{p}"),  rename("_bn2.{p}", "bn3.{p}"),
};
constexpr Rule kStemAndHead[] = {
    rename("_conv_stem.{p}", "conv_stem.{p}"), rename("_bn0.{p}", "bn1.{p}"),
    rename("_conv_head.{p}", "conv_head.{p}"), rename("_bn1.{p}", "bn2.{p}"),
    rename("_fc.{p}", "classifier.{p}"),
};

// Where each stage begins in the numbering of the original; a later stage has to be tried first.
constexpr RuleGroup kLite0[] = {
    {"_blocks.{i+15}.", "blocks.6.{i}.", kInverted}, {"_blocks.{i+11}.", "blocks.5.{i}.", kInverted},
    {"_blocks.{i+8}.", "blocks.4.{i}.", kInverted},  {"_blocks.{i+5}.", "blocks.3.{i}.", kInverted},
    {"_blocks.{i+3}.", "blocks.2.{i}.", kInverted},  {"_blocks.{i+1}.", "blocks.1.{i}.", kInverted},
    {"_blocks.0.", "blocks.0.0.", kSeparable},       {"", "", kStemAndHead},
};
constexpr RuleGroup kLite12[] = {
    {"_blocks.{i+20}.", "blocks.6.{i}.", kInverted}, {"_blocks.{i+15}.", "blocks.5.{i}.", kInverted},
    {"_blocks.{i+11}.", "blocks.4.{i}.", kInverted}, {"_blocks.{i+7}.", "blocks.3.{i}.", kInverted},
    {"_blocks.{i+4}.", "blocks.2.{i}.", kInverted},  {"_blocks.{i+1}.", "blocks.1.{i}.", kInverted},
    {"_blocks.0.", "blocks.0.0.", kSeparable},       {"", "", kStemAndHead},
};
constexpr RuleGroup kLite3[] = {
    {"_blocks.{i+23}.", "blocks.6.{i}.", kInverted}, {"_blocks.{i+17}.", "blocks.5.{i}.", kInverted},
    {"_blocks.{i+12}.", "blocks.4.{i}.", kInverted}, {"_blocks.{i+7}.", "blocks.3.{i}.", kInverted},
    {"_blocks.{i+4}.", "blocks.2.{i}.", kInverted},  {"_blocks.{i+1}.", "blocks.1.{i}.", kInverted},
    {"_blocks.0.", "blocks.0.0.", kSeparable},       {"", "", kStemAndHead},
};
constexpr RuleGroup kLite4[] = {
    {"_blocks.{i+29}.", "blocks.6.{i}.", kInverted}, {"_blocks.{i+21}.", "blocks.5.{i}.", kInverted},
    {"_blocks.{i+15}.", "blocks.4.{i}.", kInverted}, {"_blocks.{i+9}.", "blocks.3.{i}.", kInverted},
    {"_blocks.{i+5}.", "blocks.2.{i}.", kInverted},  {"_blocks.{i+1}.", "blocks.1.{i}.", kInverted},
    {"_blocks.0.", "blocks.0.0.", kSeparable},       {"", "", kStemAndHead},
};
constexpr std::string_view kLiteMarks[] = {"_conv_stem.weight", "_blocks.0._depthwise_conv.weight"};

constexpr KeyMap kLites[] = {
    {"original", kLiteMarks, kLite0}, {"original", kLiteMarks, kLite12}, {"original", kLiteMarks, kLite12},
    {"original", kLiteMarks, kLite3}, {"original", kLiteMarks, kLite4},
};

constexpr std::string_view kYoloxMarks[] = {"backbone.backbone.stem.conv.conv.weight", "head.stems.0.conv.weight"};
constexpr KeyMap kYolox[] = {{"original", kYoloxMarks, kSameGroups}};

// The names before torchvision's layers became lists.
constexpr Rule kPublished[] = {
    rename("backbone.fpn.inner_blocks.{i}.weight", "backbone.fpn.inner_blocks.{i}.0.weight"),
    rename("backbone.fpn.inner_blocks.{i}.bias", "backbone.fpn.inner_blocks.{i}.0.bias"),
    rename("backbone.fpn.layer_blocks.{i}.weight", "backbone.fpn.layer_blocks.{i}.0.weight"),
    rename("backbone.fpn.layer_blocks.{i}.bias", "backbone.fpn.layer_blocks.{i}.0.bias"),
    rename("rpn.head.conv.weight", "rpn.head.conv.0.0.weight"),
    rename("rpn.head.conv.bias", "rpn.head.conv.0.0.bias"),
    rename("{p}", "{p}"),
};
constexpr RuleGroup kPublishedGroups[] = {{"", "", kPublished}};
constexpr std::string_view kPublishedMarks[] = {"backbone.fpn.inner_blocks.0.weight", "rpn.head.conv.weight"};
constexpr std::string_view kTrainedMarks[] = {"backbone.body.bn1.num_batches_tracked",
                                              "backbone.fpn.inner_blocks.0.0.bias"};
constexpr std::string_view kFirstMarks[] = {"backbone.fpn.inner_blocks.0.0.bias", "rpn.head.conv.0.0.weight"};
constexpr std::string_view kSecondMarks[] = {"backbone.fpn.inner_blocks.0.1.weight", "rpn.head.conv.1.0.weight"};
constexpr KeyMap kFasterRcnn[] = {{kTorchvisionTrained, kTrainedMarks, kSameGroups},
                                  {"torchvision", kFirstMarks, kSameGroups},
                                  {"torchvision", kPublishedMarks, kPublishedGroups}};
constexpr KeyMap kFasterRcnn2[] = {{"torchvision", kSecondMarks, kSameGroups}};

}  // namespace

std::span<const KeyMap> yolox_key_maps() {
  return kYolox;
}
std::span<const KeyMap> faster_rcnn_key_maps() {
  return kFasterRcnn;
}
std::span<const KeyMap> faster_rcnn_v2_key_maps() {
  return kFasterRcnn2;
}

void count_batches(StateDict& state) {
  for (const auto& name : state.keys()) {
    static constexpr std::string_view kVariance = "running_var";
    if (!name.ends_with(kVariance)) continue;
    const std::string counter = name.substr(0, name.size() - kVariance.size()) + "num_batches_tracked";
    if (!state.contains(counter)) state.insert(counter, at::zeros({}, at::kLong));
  }
}

std::span<const KeyMap> resnet_key_maps() {
  return kResNet;
}

std::span<const KeyMap> efficientnet_lite_key_maps(int variant) {
  return std::span(kLites).subspan(static_cast<std::size_t>(variant), 1);
}

}  // namespace vitral::cnn
