#include "detr/weights.h"

#include "detr/layer_rules.h"

namespace vitral::detr {
namespace {

using namespace weights;

// facebookresearch/detr. A panoptic file has the detector under "detr." and its mask head beside it.
constexpr Rule kDecoderLayer[] = {
    rename("self_attn.in_proj_{p}", "self_attn.qkv.{p}"),
    rename("self_attn.out_proj.{p}", "self_attn.proj.{p}"),
    rename("multihead_attn.in_proj_{p}", "cross_attn.qkv.{p}"),
    rename("multihead_attn.out_proj.{p}", "cross_attn.proj.{p}"),
    rename("linear1.{p}", "mlp.fc1.{p}"),
    rename("linear2.{p}", "mlp.fc2.{p}"),
    rename("norm1.{p}", "norm1.{p}"),
    rename("norm2.{p}", "norm2.{p}"),
    rename("norm3.{p}", "norm3.{p}"),
};
constexpr Rule kHeads[] = {
    rename("transformer.decoder.norm.{p}", "decoder.norm.{p}"),
    rename("input_proj.{p}", "input_proj.{p}"),
    rename("query_embed.weight", "query_embed"),
    rename("class_embed.{p}", "class_embed.{p}"),
    rename("bbox_embed.{p}", "bbox_embed.{p}"),
};
constexpr Rule kMaskHead[] = {drop("bbox_attention.{p}"), drop("mask_head.{p}")};
constexpr RuleGroup kOriginal[] = {
    {"(|detr.)backbone.0.body.", "backbone.", kSame},
    {"(|detr.)transformer.encoder.layers.{i}.", "encoder.layers.{i}.", kTorchEncoderLayer},
    {"(|detr.)transformer.decoder.layers.{i}.", "decoder.layers.{i}.", kDecoderLayer},
    {"(|detr.)", "", kHeads},
    {"", "", kMaskHead},
};
constexpr std::string_view kOriginalMarks[] = {"backbone.0.body.conv1.weight", "query_embed.weight",
                                               "transformer.encoder.layers.0.self_attn.in_proj_weight"};
constexpr std::string_view kOriginalPanopticMarks[] = {"detr.backbone.0.body.conv1.weight", "detr.query_embed.weight"};

// transformers: names on the hub first, then those of its modules in memory since version 5.
constexpr Rule kHfDecoderLayer[] = {
    pack("self_attn.q_proj.{p}", "self_attn.k_proj.{p}", "self_attn.v_proj.{p}", "self_attn.qkv.{p}"),
    rename("self_attn.(out_proj|o_proj).{p}", "self_attn.proj.{p}"),
    rename("self_attn_layer_norm.{p}", "norm1.{p}"),
    pack("encoder_attn.q_proj.{p}", "encoder_attn.k_proj.{p}", "encoder_attn.v_proj.{p}", "cross_attn.qkv.{p}"),
    rename("encoder_attn.(out_proj|o_proj).{p}", "cross_attn.proj.{p}"),
    rename("encoder_attn_layer_norm.{p}", "norm2.{p}"),
    rename("(fc1|mlp.fc1).{p}", "mlp.fc1.{p}"),
    rename("(fc2|mlp.fc2).{p}", "mlp.fc2.{p}"),
    rename("final_layer_norm.{p}", "norm3.{p}"),
};
constexpr Rule kHfHeads[] = {
    rename("model.decoder.layernorm.{p}", "decoder.norm.{p}"),
    rename("model.input_projection.{p}", "input_proj.{p}"),
    rename("model.query_position_embeddings.weight", "query_embed"),
    rename("class_labels_classifier.{p}", "class_embed.{p}"),
    rename("bbox_predictor.{p}", "bbox_embed.{p}"),
};
constexpr Rule kHfResNetStem[] = {
    rename("embedder.embedder.convolution.{p}", "conv1.{p}"),
    rename("embedder.embedder.normalization.{p}", "bn1.{p}"),
};
constexpr Rule kHfResNetBlock[] = {
    rename("layer.{j}.convolution.{p}", "conv{j+1}.{p}"),
    rename("layer.{j}.normalization.{p}", "bn{j+1}.{p}"),
    rename("shortcut.convolution.{p}", "downsample.0.{p}"),
    rename("shortcut.normalization.{p}", "downsample.1.{p}"),
};
constexpr RuleGroup kHf[] = {
    {"(|detr.)model.backbone.(conv_encoder.|)model.", "backbone.", kSame},
    {"(|detr.)model.encoder.layers.{i}.", "encoder.layers.{i}.", kHfEncoderLayer},
    {"(|detr.)model.decoder.layers.{i}.", "decoder.layers.{i}.", kHfDecoderLayer},
    {"(|detr.)", "", kHfHeads},
    {"", "", kMaskHead},
};
constexpr RuleGroup kHfResNet[] = {
    {"(|detr.)model.backbone.(conv_encoder.|)model.encoder.stages.{s}.layers.{b}.", "backbone.layer{s+1}.{b}.",
     kHfResNetBlock},
    {"(|detr.)model.backbone.(conv_encoder.|)model.", "backbone.", kHfResNetStem},
    {"(|detr.)model.encoder.layers.{i}.", "encoder.layers.{i}.", kHfEncoderLayer},
    {"(|detr.)model.decoder.layers.{i}.", "decoder.layers.{i}.", kHfDecoderLayer},
    {"(|detr.)", "", kHfHeads},
    {"", "", kMaskHead},
};
constexpr std::string_view kHfMarks[] = {"model.backbone.(conv_encoder.|)model.conv1.weight",
                                         "model.query_position_embeddings.weight"};
constexpr std::string_view kHfResNetMarks[] = {
    "model.backbone.(conv_encoder.|)model.embedder.embedder.convolution.weight",
    "model.query_position_embeddings.weight"};
constexpr std::string_view kHfPanopticMarks[] = {"detr.model.backbone.(conv_encoder.|)model.conv1.weight",
                                                 "detr.model.query_position_embeddings.weight"};
constexpr std::string_view kHfResNetPanopticMarks[] = {
    "detr.model.backbone.(conv_encoder.|)model.embedder.embedder.convolution.weight",
    "detr.model.query_position_embeddings.weight"};

constexpr std::string_view kBoxesOnly = "a panoptic checkpoint: its boxes are loaded, its mask head is left out";

constexpr KeyMap kDetr[] = {
    {"original", kOriginalMarks, kOriginal},
    {"hf", kHfMarks, kHf},
    {"hf", kHfResNetMarks, kHfResNet},
    {"original-panoptic", kOriginalPanopticMarks, kOriginal, kBoxesOnly},
    {"hf-panoptic", kHfPanopticMarks, kHf, kBoxesOnly},
    {"hf-panoptic", kHfResNetPanopticMarks, kHfResNet, kBoxesOnly},
};

}  // namespace

std::span<const KeyMap> detr_key_maps() {
  return kDetr;
}

}  // namespace vitral::detr
