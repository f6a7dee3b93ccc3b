#include "detr/layer_rules.h"
#include "detr/weights.h"

namespace vitral::detr {
namespace {

using namespace weights;

// fundamentalvision/Deformable-DETR. Its decoder counts norms in the order in which it makes its layers, not in that in
// which it calls them; a head that all layers share is stored once for each, heads of their own once more under the
// decoder.
constexpr Rule kEncoderLayer[] = {
    rename("self_attn.{p}", "self_attn.{p}"), rename("linear1.{p}", "mlp.fc1.{p}"),
    rename("linear2.{p}", "mlp.fc2.{p}"),     rename("norm1.{p}", "norm1.{p}"),
    rename("norm2.{p}", "norm2.{p}"),
};
constexpr Rule kDecoderLayer[] = {
    rename("cross_attn.{p}", "cross_attn.{p}"),
    rename("self_attn.in_proj_{p}", "self_attn.qkv.{p}"),
    rename("self_attn.out_proj.{p}", "self_attn.proj.{p}"),
    rename("norm2.{p}", "norm1.{p}"),
    rename("norm1.{p}", "norm2.{p}"),
    rename("norm3.{p}", "norm3.{p}"),
    rename("linear1.{p}", "mlp.fc1.{p}"),
    rename("linear2.{p}", "mlp.fc2.{p}"),
};
constexpr Rule kRest[] = {
    rename("input_proj.{p}", "input_proj.{p}"),
    rename("query_embed.weight", "query_embed"),
    rename("transformer.level_embed", "level_embed"),
    rename("transformer.reference_points.{p}", "reference_points.{p}"),
    rename("transformer.enc_output.{p}", "enc_output.{p}"),
    rename("transformer.enc_output_norm.{p}", "enc_norm.{p}"),
    rename("transformer.pos_trans.{p}", "pos_trans.{p}"),
    rename("transformer.pos_trans_norm.{p}", "pos_norm.{p}"),
};
constexpr Rule kSharedHeads[] = {
    rename("class_embed.0.{p}", "class_embed.0.{p}"),
    rename("bbox_embed.0.{p}", "bbox_embed.0.{p}"),
    spare("class_embed.{i+1}.{p}", "class_embed.0.{p}"),
    spare("bbox_embed.{i+1}.{p}", "bbox_embed.0.{p}"),
};
constexpr Rule kHeads[] = {
    rename("class_embed.{i}.{p}", "class_embed.{i}.{p}"),
    rename("bbox_embed.{i}.{p}", "bbox_embed.{i}.{p}"),
    spare("(transformer|model).decoder.class_embed.{i}.{p}", "class_embed.{i}.{p}"),
    spare("(transformer|model).decoder.bbox_embed.{i}.{p}", "bbox_embed.{i}.{p}"),
    tie("class_embed.{i+1}.{p}", "class_embed.0.{p}"),
};
constexpr RuleGroup kOriginalShared[] = {
    {"backbone.0.body.", "backbone.", kSame},
    {"transformer.encoder.layers.{i}.", "encoder.{i}.", kEncoderLayer},
    {"transformer.decoder.layers.{i}.", "decoder.{i}.", kDecoderLayer},
    {"", "", kRest},
    {"", "", kSharedHeads},
};
constexpr RuleGroup kOriginal[] = {
    {"backbone.0.body.", "backbone.", kSame},
    {"transformer.encoder.layers.{i}.", "encoder.{i}.", kEncoderLayer},
    {"transformer.decoder.layers.{i}.", "decoder.{i}.", kDecoderLayer},
    {"", "", kRest},
    {"", "", kHeads},
};
constexpr std::string_view kOriginalMarks[] = {"backbone.0.body.conv1.weight", "transformer.level_embed"};

// transformers: names on the hub first, then those of its modules in memory since version 5.
constexpr Rule kHfDeformableEncoderLayer[] = {
    rename("self_attn.{p}", "self_attn.{p}"),    rename("self_attn_layer_norm.{p}", "norm1.{p}"),
    rename("(fc1|mlp.fc1).{p}", "mlp.fc1.{p}"),  rename("(fc2|mlp.fc2).{p}", "mlp.fc2.{p}"),
    rename("final_layer_norm.{p}", "norm2.{p}"),
};
constexpr Rule kHfRest[] = {
    rename("model.input_proj.{p}", "input_proj.{p}"), rename("model.query_position_embeddings.weight", "query_embed"),
    rename("model.level_embed", "level_embed"),       rename("model.reference_points.{p}", "reference_points.{p}"),
    rename("model.enc_output.{p}", "enc_output.{p}"), rename("model.enc_output_norm.{p}", "enc_norm.{p}"),
    rename("model.pos_trans.{p}", "pos_trans.{p}"),   rename("model.pos_trans_norm.{p}", "pos_norm.{p}"),
};
constexpr RuleGroup kHfShared[] = {
    {"model.backbone.(conv_encoder.|)model.", "backbone.", kSame},
    {"model.encoder.layers.{i}.", "encoder.{i}.", kHfDeformableEncoderLayer},
    {"model.decoder.layers.{i}.", "decoder.{i}.", kHfDeformableDecoderLayer},
    {"", "", kHfRest},
    {"", "", kSharedHeads},
};
constexpr RuleGroup kHf[] = {
    {"model.backbone.(conv_encoder.|)model.", "backbone.", kSame},
    {"model.encoder.layers.{i}.", "encoder.{i}.", kHfDeformableEncoderLayer},
    {"model.decoder.layers.{i}.", "decoder.{i}.", kHfDeformableDecoderLayer},
    {"", "", kHfRest},
    {"", "", kHeads},
};
constexpr std::string_view kHfMarks[] = {"model.backbone.(conv_encoder.|)model.conv1.weight", "model.level_embed"};

constexpr KeyMap kShared[] = {{"original", kOriginalMarks, kOriginalShared}, {"hf", kHfMarks, kHfShared}};
constexpr KeyMap kOfLayers[] = {{"original", kOriginalMarks, kOriginal}, {"hf", kHfMarks, kHf}};

}  // namespace

std::span<const KeyMap> deformable_detr_key_maps(bool shared_heads) {
  return shared_heads ? kShared : kOfLayers;
}

}  // namespace vitral::detr
