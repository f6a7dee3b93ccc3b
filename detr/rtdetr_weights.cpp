#include "detr/layer_rules.h"
#include "detr/weights.h"

namespace vitral::detr {
namespace {

using namespace weights;

// lyuwenyu/RT-DETR. Version 2 names two of its layers where version 1 counts them.
constexpr Rule kStem[] = {
    rename("conv1_1.conv.{p}", "conv1.0.{p}"), rename("conv1_1.norm.{p}", "conv1.1.{p}"),
    rename("conv1_2.conv.{p}", "conv1.3.{p}"), rename("conv1_2.norm.{p}", "conv1.4.{p}"),
    rename("conv1_3.conv.{p}", "conv1.6.{p}"), rename("conv1_3.norm.{p}", "bn1.{p}"),
};
constexpr Rule kFirstStage[] = {
    rename("branch2a.conv.{p}", "conv1.{p}"),     rename("branch2a.norm.{p}", "bn1.{p}"),
    rename("branch2b.conv.{p}", "conv2.{p}"),     rename("branch2b.norm.{p}", "bn2.{p}"),
    rename("branch2c.conv.{p}", "conv3.{p}"),     rename("branch2c.norm.{p}", "bn3.{p}"),
    rename("short.conv.{p}", "downsample.1.{p}"), rename("short.norm.{p}", "downsample.2.{p}"),
};
constexpr Rule kLaterStage[] = {
    rename("branch2a.conv.{p}", "conv1.{p}"),          rename("branch2a.norm.{p}", "bn1.{p}"),
    rename("branch2b.conv.{p}", "conv2.{p}"),          rename("branch2b.norm.{p}", "bn2.{p}"),
    rename("branch2c.conv.{p}", "conv3.{p}"),          rename("branch2c.norm.{p}", "bn3.{p}"),
    rename("short.conv.conv.{p}", "downsample.1.{p}"), rename("short.conv.norm.{p}", "downsample.2.{p}"),
};
constexpr Rule kNeck[] = {
    rename("lateral_convs.{p}", "lateral_convs.{p}"),
    rename("fpn_blocks.{p}", "fpn_blocks.{p}"),
    rename("downsample_convs.{p}", "downsample_convs.{p}"),
    rename("pan_blocks.{p}", "pan_blocks.{p}"),
};
constexpr Rule kDecoderLayer[] = {
    drop("cross_attn.num_points_scale"),
    rename("self_attn.in_proj_{p}", "self_attn.qkv.{p}"),
    rename("self_attn.out_proj.{p}", "self_attn.proj.{p}"),
    rename("cross_attn.{p}", "cross_attn.{p}"),
    rename("linear1.{p}", "mlp.fc1.{p}"),
    rename("linear2.{p}", "mlp.fc2.{p}"),
    rename("norm1.{p}", "norm1.{p}"),
    rename("norm2.{p}", "norm2.{p}"),
    rename("norm3.{p}", "norm3.{p}"),
};
constexpr Rule kDecoder[] = {
    drop("anchors"),
    drop("valid_mask"),
    rename("input_proj.{l}.conv.{p}", "input_proj.{l}.conv.{p}"),
    rename("input_proj.{l}.norm.{p}", "input_proj.{l}.norm.{p}"),
    rename("dec_score_head.{i}.{p}", "score_head.{i}.{p}"),
    rename("dec_bbox_head.{i}.{p}", "bbox_head.{i}.{p}"),
    rename("query_pos_head.{p}", "query_pos_head.{p}"),
    rename("enc_score_head.{p}", "enc_score_head.{p}"),
    rename("enc_bbox_head.{p}", "enc_bbox_head.{p}"),
    rename("denoising_class_embed.{p}", "denoising_class_embed.{p}"),
};
constexpr Rule kCounted[] = {
    rename("encoder.input_proj.{l}.0.{p}", "encoder.input_proj.{l}.conv.{p}"),
    rename("encoder.input_proj.{l}.1.{p}", "encoder.input_proj.{l}.norm.{p}"),
    rename("decoder.enc_output.0.{p}", "decoder.enc_output.{p}"),
    rename("decoder.enc_output.1.{p}", "decoder.enc_norm.{p}"),
};
constexpr Rule kNamed[] = {
    rename("encoder.input_proj.{l}.conv.{p}", "encoder.input_proj.{l}.conv.{p}"),
    rename("encoder.input_proj.{l}.norm.{p}", "encoder.input_proj.{l}.norm.{p}"),
    rename("decoder.enc_output.proj.{p}", "decoder.enc_output.{p}"),
    rename("decoder.enc_output.norm.{p}", "decoder.enc_norm.{p}"),
};
constexpr RuleGroup kV1[] = {
    {"backbone.conv1.", "backbone.", kStem},
    {"backbone.res_layers.0.blocks.{b}.", "backbone.layer1.{b}.", kFirstStage},
    {"backbone.res_layers.{s}.blocks.{b}.", "backbone.layer{s+1}.{b}.", kLaterStage},
    {"", "", kCounted},
    {"encoder.encoder.0.layers.{i}.", "encoder.aifi.layers.{i}.", kTorchEncoderLayer},
    {"encoder.", "encoder.", kNeck},
    {"decoder.decoder.layers.{i}.", "decoder.layers.{i}.", kDecoderLayer},
    {"decoder.", "decoder.", kDecoder},
};
constexpr RuleGroup kV2[] = {
    {"backbone.conv1.", "backbone.", kStem},
    {"backbone.res_layers.0.blocks.{b}.", "backbone.layer1.{b}.", kFirstStage},
    {"backbone.res_layers.{s}.blocks.{b}.", "backbone.layer{s+1}.{b}.", kLaterStage},
    {"", "", kNamed},
    {"encoder.encoder.0.layers.{i}.", "encoder.aifi.layers.{i}.", kTorchEncoderLayer},
    {"encoder.", "encoder.", kNeck},
    {"decoder.decoder.layers.{i}.", "decoder.layers.{i}.", kDecoderLayer},
    {"decoder.", "decoder.", kDecoder},
};
constexpr std::string_view kV1Marks[] = {"backbone.conv1.conv1_1.conv.weight", "decoder.enc_output.0.weight"};
constexpr std::string_view kV2Marks[] = {"backbone.conv1.conv1_1.conv.weight", "decoder.enc_output.proj.weight"};

// transformers: names on the hub first, then those of its modules in memory since version 5.
constexpr Rule kHfStem[] = {
    rename("0.convolution.{p}", "conv1.0.{p}"), rename("0.normalization.{p}", "conv1.1.{p}"),
    rename("1.convolution.{p}", "conv1.3.{p}"), rename("1.normalization.{p}", "conv1.4.{p}"),
    rename("2.convolution.{p}", "conv1.6.{p}"), rename("2.normalization.{p}", "bn1.{p}"),
};
constexpr Rule kHfFirstStage[] = {
    rename("layer.{j}.convolution.{p}", "conv{j+1}.{p}"),
    rename("layer.{j}.normalization.{p}", "bn{j+1}.{p}"),
    rename("shortcut.convolution.{p}", "downsample.1.{p}"),
    rename("shortcut.normalization.{p}", "downsample.2.{p}"),
};
constexpr Rule kHfLaterStage[] = {
    rename("layer.{j}.convolution.{p}", "conv{j+1}.{p}"),
    rename("layer.{j}.normalization.{p}", "bn{j+1}.{p}"),
    rename("shortcut.1.convolution.{p}", "downsample.1.{p}"),
    rename("shortcut.1.normalization.{p}", "downsample.2.{p}"),
};
constexpr Rule kHfRest[] = {
    rename("model.encoder_input_proj.{l}.0.{p}", "encoder.input_proj.{l}.conv.{p}"),
    rename("model.encoder_input_proj.{l}.1.{p}", "encoder.input_proj.{l}.norm.{p}"),
    rename("model.decoder_input_proj.{l}.0.{p}", "decoder.input_proj.{l}.conv.{p}"),
    rename("model.decoder_input_proj.{l}.1.{p}", "decoder.input_proj.{l}.norm.{p}"),
    rename("model.decoder.class_embed.{i}.{p}", "decoder.score_head.{i}.{p}"),
    rename("model.decoder.bbox_embed.{i}.{p}", "decoder.bbox_head.{i}.{p}"),
    spare("class_embed.{i}.{p}", "decoder.score_head.{i}.{p}"),
    spare("bbox_embed.{i}.{p}", "decoder.bbox_head.{i}.{p}"),
    rename("model.decoder.query_pos_head.{p}", "decoder.query_pos_head.{p}"),
    rename("model.enc_output.0.{p}", "decoder.enc_output.{p}"),
    rename("model.enc_output.1.{p}", "decoder.enc_norm.{p}"),
    rename("model.enc_score_head.{p}", "decoder.enc_score_head.{p}"),
    rename("model.enc_bbox_head.{p}", "decoder.enc_bbox_head.{p}"),
    rename("model.denoising_class_embed.{p}", "decoder.denoising_class_embed.{p}"),
};
constexpr RuleGroup kHf[] = {
    {"model.backbone.model.embedder.embedder.", "backbone.", kHfStem},
    {"model.backbone.model.encoder.stages.0.layers.{b}.", "backbone.layer1.{b}.", kHfFirstStage},
    {"model.backbone.model.encoder.stages.{s}.layers.{b}.", "backbone.layer{s+1}.{b}.", kHfLaterStage},
    {"model.encoder.(encoder|aifi).0.layers.{i}.", "encoder.aifi.layers.{i}.", kHfEncoderLayer},
    {"model.encoder.", "encoder.", kNeck},
    {"model.decoder.layers.{i}.", "decoder.layers.{i}.", kHfDeformableDecoderLayer},
    {"", "", kHfRest},
};
constexpr std::string_view kHfMarks[] = {"model.backbone.model.embedder.embedder.0.convolution.weight",
                                         "model.enc_output.0.weight"};

constexpr KeyMap kRtDetr[] = {{"original", kV1Marks, kV1}, {"hf", kHfMarks, kHf}};
constexpr KeyMap kRtDetrV2[] = {{"original", kV2Marks, kV2}, {"hf", kHfMarks, kHf}};

}  // namespace

std::span<const KeyMap> rtdetr_key_maps(int version) {
  return version == 1 ? kRtDetr : kRtDetrV2;
}

}  // namespace vitral::detr
