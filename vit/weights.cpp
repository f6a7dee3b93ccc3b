#include "vit/weights.h"

namespace vitral::vit {
namespace {

using namespace weights;

// torchvision. The published files predate a refactoring and call the MLP's layers linear_1 and linear_2.
constexpr Rule kTorchvisionBlock[] = {
    rename("ln_1.{p}", "norm1.{p}"),
    rename("self_attention.in_proj_{p}", "attn.qkv.{p}"),
    rename("self_attention.out_proj.{p}", "attn.proj.{p}"),
    rename("ln_2.{p}", "norm2.{p}"),
    rename("mlp.(0|linear_1).{p}", "mlp.fc1.{p}"),
    rename("mlp.(3|linear_2).{p}", "mlp.fc2.{p}"),
};
constexpr Rule kTorchvisionTop[] = {
    rename("class_token", "cls_token"),        rename("encoder.pos_embedding", "pos_embed"),
    rename("conv_proj.{p}", "patch_embed.proj.{p}"), rename("encoder.ln.{p}", "norm.{p}"),
    rename("heads.head.{p}", "head.{p}"),
};
constexpr RuleGroup kTorchvisionGroups[] = {
    {"encoder.layers.encoder_layer_{i}.", "blocks.{i}.", kTorchvisionBlock}, {"", "", kTorchvisionTop}};
constexpr std::string_view kTorchvisionMarks[] = {"class_token", "encoder.layers.encoder_layer_0.ln_1.weight"};

// transformers: ViTForImageClassification, DeiTForImageClassification[WithTeacher], and the bare models without prefix.
// Its files keep the first names; version 5 has the second ones in memory, and so have state dicts saved from there.
constexpr Rule kTransformersBlock[] = {
    rename("layernorm_before.{p}", "norm1.{p}"),
    pack("attention.(attention.query|q_proj).{p}", "attention.(attention.key|k_proj).{p}",
         "attention.(attention.value|v_proj).{p}", "attn.qkv.{p}"),
    rename("attention.(output.dense|o_proj).{p}", "attn.proj.{p}"),
    rename("layernorm_after.{p}", "norm2.{p}"),
    rename("(intermediate.dense|mlp.fc1).{p}", "mlp.fc1.{p}"),
    rename("(output.dense|mlp.fc2).{p}", "mlp.fc2.{p}"),
};
constexpr Rule kTransformersTop[] = {
    rename("embeddings.cls_token", "cls_token"),
    rename("embeddings.distillation_token", "dist_token"),
    rename("embeddings.position_embeddings", "pos_embed"),
    rename("embeddings.patch_embeddings.projection.{p}", "patch_embed.proj.{p}"),
    rename("layernorm.{p}", "norm.{p}"),
    drop("embeddings.mask_token"),
    drop("pooler.dense.{p}"),  // of the bare models: a tanh layer that no classifier uses
};
constexpr Rule kTransformersHead[] = {rename("classifier.{p}", "head.{p}")};
constexpr Rule kTeacherHeads[] = {rename("cls_classifier.{p}", "head.{p}"),
                                  rename("distillation_classifier.{p}", "head_dist.{p}")};
constexpr RuleGroup kVitGroups[] = {{"(vit.|)(encoder.layer|layers).{i}.", "blocks.{i}.", kTransformersBlock},
                                    {"(vit.|)", "", kTransformersTop},
                                    {"", "", kTransformersHead}};
constexpr RuleGroup kDeitGroups[] = {{"(deit.|)(encoder.layer|layers).{i}.", "blocks.{i}.", kTransformersBlock},
                                     {"(deit.|)", "", kTransformersTop},
                                     {"", "", kTransformersHead}};
constexpr RuleGroup kTeacherGroups[] = {{"(deit.|)(encoder.layer|layers).{i}.", "blocks.{i}.", kTransformersBlock},
                                        {"(deit.|)", "", kTransformersTop},
                                        {"", "", kTeacherHeads}};
// The names that transformers 5 has in memory; files saved by torch.save(model.state_dict()) have them.
constexpr Rule kMemoryBlock[] = {
    rename("layernorm_before.{p}", "norm1.{p}"),
    pack("attention.q_proj.{p}", "attention.k_proj.{p}", "attention.v_proj.{p}", "attn.qkv.{p}"),
    rename("attention.o_proj.{p}", "attn.proj.{p}"),
    rename("layernorm_after.{p}", "norm2.{p}"),
    rename("mlp.fc1.{p}", "mlp.fc1.{p}"),
    rename("mlp.fc2.{p}", "mlp.fc2.{p}"),
};
constexpr Rule kMemoryHeads[] = {rename("(classifier|cls_classifier).{p}", "head.{p}"),
                                 rename("distillation_classifier.{p}", "head_dist.{p}")};
constexpr RuleGroup kMemoryGroups[] = {{"(vit.|deit.|)layers.{i}.", "blocks.{i}.", kMemoryBlock},
                                       {"(vit.|deit.|)", "", kTransformersTop},
                                       {"", "", kMemoryHeads}};
constexpr std::string_view kMemoryMarks[] = {"(vit.|deit.|)layers.0.attention.q_proj.weight", "(vit.|deit.|)embeddings.cls_token"};
constexpr std::string_view kTeacherMarks[] = {"cls_classifier.weight", "distillation_classifier.weight",
                                              "(deit.|)encoder.layer.0.layernorm_before.weight"};
constexpr std::string_view kDeitMarks[] = {"deit.embeddings.cls_token", "deit.encoder.layer.0.layernorm_before.weight"};
constexpr std::string_view kVitMarks[] = {"(vit.|)embeddings.cls_token", "(vit.|)(encoder.layer|layers).0.layernorm_before.weight"};

// The DeiT-III repository differs from timm in the layer scales alone.
constexpr Rule kDeit3Block[] = {rename("gamma_1", "ls1.gamma"), rename("gamma_2", "ls2.gamma")};
constexpr Rule kSame[] = {rename("{p}", "{p}")};
constexpr RuleGroup kDeit3Groups[] = {{"blocks.{i}.", "blocks.{i}.", kDeit3Block}, {"", "", kSame}};
constexpr std::string_view kDeit3Marks[] = {"cls_token", "blocks.0.gamma_1"};

// JAX. vision_transformer counts its sub-layers through (LayerNorm_2, MlpBlock_3), big_vision by kind.
constexpr Rule kJaxBlock[] = {
    rename("LayerNorm_0/scale", "norm1.weight"),
    rename("LayerNorm_0/bias", "norm1.bias"),
    pack("MultiHeadDotProductAttention_(1|0)/query/kernel", "MultiHeadDotProductAttention_(1|0)/key/kernel",
         "MultiHeadDotProductAttention_(1|0)/value/kernel", "attn.qkv.weight", Transform::heads_in),
    pack("MultiHeadDotProductAttention_(1|0)/query/bias", "MultiHeadDotProductAttention_(1|0)/key/bias",
         "MultiHeadDotProductAttention_(1|0)/value/bias", "attn.qkv.bias", Transform::heads_bias),
    rename("MultiHeadDotProductAttention_(1|0)/out/kernel", "attn.proj.weight", Transform::heads_out),
    rename("MultiHeadDotProductAttention_(1|0)/out/bias", "attn.proj.bias"),
    rename("LayerNorm_(2|1)/scale", "norm2.weight"),
    rename("LayerNorm_(2|1)/bias", "norm2.bias"),
    rename("MlpBlock_(3|0)/Dense_0/kernel", "mlp.fc1.weight", Transform::transpose),
    rename("MlpBlock_(3|0)/Dense_0/bias", "mlp.fc1.bias"),
    rename("MlpBlock_(3|0)/Dense_1/kernel", "mlp.fc2.weight", Transform::transpose),
    rename("MlpBlock_(3|0)/Dense_1/bias", "mlp.fc2.bias"),
};
constexpr Rule kJaxTop[] = {
    rename("cls", "cls_token"),
    rename("(Transformer/posembed_input/|)pos_embedding", "pos_embed"),
    rename("embedding/kernel", "patch_embed.proj.weight", Transform::conv_hwio),
    rename("embedding/bias", "patch_embed.proj.bias"),
    rename("Transformer/encoder_norm/scale", "norm.weight"),
    rename("Transformer/encoder_norm/bias", "norm.bias"),
    rename("head/kernel", "head.weight", Transform::transpose),
    rename("head/bias", "head.bias"),
    drop("pre_logits/{p}"),
};
constexpr RuleGroup kJaxGroups[] = {
    {"(|opt/target/|params/img/|params/|img/)Transformer/encoderblock_{i}/", "blocks.{i}.", kJaxBlock},
    {"(|opt/target/|params/img/|params/|img/)", "", kJaxTop}};
constexpr std::string_view kJaxMarks[] = {"(|opt/target/|params/img/|params/|img/)embedding/kernel",
                                          "(|opt/target/|params/img/|params/|img/)Transformer/encoder_norm/scale"};

// timm's own keys, with the representation layer of the first in21k files, which timm drops too.
constexpr Rule kPreLogits[] = {drop("pre_logits.{p}"), rename("{p}", "{p}")};
constexpr RuleGroup kPreLogitsGroups[] = {{"", "", kPreLogits}};
constexpr std::string_view kPreLogitsMarks[] = {"pre_logits.fc.weight", "blocks.0.attn.qkv.weight"};

constexpr KeyMap kKeyMaps[] = {
    {"torchvision", kTorchvisionMarks, kTorchvisionGroups}, {"hf", kTeacherMarks, kTeacherGroups},
    {"hf", kVitMarks, kVitGroups},                          {"hf", kDeitMarks, kDeitGroups},
    {"original", kDeit3Marks, kDeit3Groups},                {"jax", kJaxMarks, kJaxGroups},
    {"timm", kPreLogitsMarks, kPreLogitsGroups},            {"hf", kMemoryMarks, kMemoryGroups},
};

}  // namespace

std::span<const weights::KeyMap> key_maps() { return kKeyMaps; }

}  // namespace vitral::vit
