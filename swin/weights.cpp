#include "swin/weights.h"

namespace vitral::swin {
namespace {

using namespace weights;

constexpr Rule kSame[] = {rename("{p}", "{p}")};

// torchvision: patch embedding, stages and mergings take turns in one sequence.
constexpr Rule kTorchvisionV2Attention[] = {
    unpack("attn.qkv.bias", "attn.q_bias", "", "attn.v_bias"),  // the keys' third is stored and never used
};
constexpr Rule kTorchvisionBlock[] = {
    rename("norm1.{p}", "norm1.{p}"),   rename("attn.{p}", "attn.{p}"),     rename("norm2.{p}", "norm2.{p}"),
    rename("mlp.0.{p}", "mlp.fc1.{p}"), rename("mlp.3.{p}", "mlp.fc2.{p}"),
};
constexpr Rule kTorchvisionEmbedding[] = {
    rename("0.{p}", "proj.{p}"),
    rename("2.{p}", "norm.{p}"),
};
constexpr Rule kMerging[] = {
    rename("reduction.{p}", "reduction.{p}"),
    rename("norm.{p}", "norm.{p}"),
};
constexpr Rule kTop[] = {
    rename("norm.{p}", "norm.{p}"),
    rename("head.{p}", "head.fc.{p}"),
};
constexpr RuleGroup kTorchvisionV1Groups[] = {
    {"features.0.", "patch_embed.", kTorchvisionEmbedding},
    {"features.{2s+1}.{b}.", "layers.{s}.blocks.{b}.", kTorchvisionBlock},
    {"features.{2s}.", "layers.{s}.downsample.", kMerging},
    {"", "", kTop},
};
constexpr RuleGroup kTorchvisionV2Groups[] = {
    {"features.0.", "patch_embed.", kTorchvisionEmbedding},
    {"features.{2s+1}.{b}.", "layers.{s}.blocks.{b}.", kTorchvisionV2Attention},
    {"features.{2s+1}.{b}.", "layers.{s}.blocks.{b}.", kTorchvisionBlock},
    {"features.{2s}.", "layers.{s}.downsample.", kMerging},
    {"", "", kTop},
};
constexpr std::string_view kTorchvisionV1Marks[] = {"features.1.0.attn.relative_position_bias_table"};
constexpr std::string_view kTorchvisionV2Marks[] = {"features.1.0.attn.logit_scale"};

// transformers. Its files have the first of two names, its classes in memory (since 5.0) the second.
constexpr Rule kTransformersV1Attention[] = {
    rename("attention.(self|relative_position_bias).relative_position_bias_table", "attn.relative_position_bias_table"),
    pack("attention.(self.query|q_proj).{p}", "attention.(self.key|k_proj).{p}", "attention.(self.value|v_proj).{p}",
         "attn.qkv.{p}"),
};
constexpr Rule kTransformersV2Attention[] = {
    rename("attention.self.logit_scale", "attn.logit_scale"),
    rename("attention.self.continuous_position_bias_mlp.{p}", "attn.cpb_mlp.{p}"),
    rename("attention.self.query.bias", "attn.q_bias"),
    rename("attention.self.value.bias", "attn.v_bias"),
    pack("attention.self.query.weight", "attention.self.key.weight", "attention.self.value.weight", "attn.qkv.weight"),
};
constexpr Rule kTransformersBlock[] = {
    rename("layernorm_before.{p}", "norm1.{p}"),         rename("attention.(output.dense|o_proj).{p}", "attn.proj.{p}"),
    rename("layernorm_after.{p}", "norm2.{p}"),          rename("(intermediate.dense|mlp.fc1).{p}", "mlp.fc1.{p}"),
    rename("(output.dense|mlp.fc2).{p}", "mlp.fc2.{p}"),
};
constexpr Rule kTransformersTop[] = {
    rename("embeddings.patch_embeddings.projection.{p}", "patch_embed.proj.{p}"),
    rename("embeddings.norm.{p}", "patch_embed.norm.{p}"),
    rename("layernorm.{p}", "norm.{p}"),
    drop("embeddings.mask_token"),
};
constexpr Rule kTransformersHead[] = {rename("classifier.{p}", "head.fc.{p}")};
constexpr RuleGroup kTransformersV1Groups[] = {
    {"(swin.|)encoder.layers.{s}.blocks.{b}.", "layers.{s}.blocks.{b}.", kTransformersV1Attention},
    {"(swin.|)encoder.layers.{s}.blocks.{b}.", "layers.{s}.blocks.{b}.", kTransformersBlock},
    {"(swin.|)encoder.layers.{s}.downsample.", "layers.{s+1}.downsample.", kMerging},
    {"(swin.|)", "", kTransformersTop},
    {"", "", kTransformersHead},
};
constexpr RuleGroup kTransformersV2Groups[] = {
    {"(swinv2.|)encoder.layers.{s}.blocks.{b}.", "layers.{s}.blocks.{b}.", kTransformersV2Attention},
    {"(swinv2.|)encoder.layers.{s}.blocks.{b}.", "layers.{s}.blocks.{b}.", kTransformersBlock},
    {"(swinv2.|)encoder.layers.{s}.downsample.", "layers.{s+1}.downsample.", kMerging},
    {"(swinv2.|)", "", kTransformersTop},
    {"", "", kTransformersHead},
};
constexpr std::string_view kTransformersV1Marks[] = {"(swin.|)embeddings.patch_embeddings.projection.weight",
                                                     "(swin.|)encoder.layers.0.blocks.0.layernorm_before.weight"};
constexpr std::string_view kTransformersV2Marks[] = {"(swinv2.|)embeddings.patch_embeddings.projection.weight",
                                                     "(swinv2.|)encoder.layers.0.blocks.0.attention.self.logit_scale"};

// microsoft/Swin-Transformer, and timm before 0.9: a stage merges its patches at its end, so the mergings count from 0.
constexpr RuleGroup kOriginalGroups[] = {
    {"layers.{s}.downsample.", "layers.{s+1}.downsample.", kMerging},
    {"layers.{s}.blocks.", "layers.{s}.blocks.", kSame},
    {"patch_embed.", "patch_embed.", kSame},
    {"", "", kTop},
};
constexpr std::string_view kOriginalMarks[] = {"layers.0.downsample.reduction.weight"};

constexpr KeyMap kV1Maps[] = {
    {"torchvision", kTorchvisionV1Marks, kTorchvisionV1Groups},
    {"hf", kTransformersV1Marks, kTransformersV1Groups},
    {"original", kOriginalMarks, kOriginalGroups},
};
constexpr KeyMap kV2Maps[] = {
    {"torchvision", kTorchvisionV2Marks, kTorchvisionV2Groups},
    {"hf", kTransformersV2Marks, kTransformersV2Groups},
    {"original", kOriginalMarks, kOriginalGroups},
};

}  // namespace

std::span<const weights::KeyMap> key_maps(Version version) {
  return version == Version::v1 ? std::span<const KeyMap>(kV1Maps) : std::span<const KeyMap>(kV2Maps);
}

}  // namespace vitral::swin
