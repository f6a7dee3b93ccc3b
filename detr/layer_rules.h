/// Rules that several networks of this family share: the layers of their Transformers.
#pragma once

#include "common/weights/keymap.h"

namespace vitral::detr {

// Nothing but the group's prefix changes.
inline constexpr weights::Rule kSame[] = {weights::rename("{p}", "{p}")};

// An encoder layer over torch.nn.MultiheadAttention.
inline constexpr weights::Rule kTorchEncoderLayer[] = {
    weights::rename("self_attn.in_proj_{p}", "self_attn.qkv.{p}"),
    weights::rename("self_attn.out_proj.{p}", "self_attn.proj.{p}"),
    weights::rename("linear1.{p}", "mlp.fc1.{p}"),
    weights::rename("linear2.{p}", "mlp.fc2.{p}"),
    weights::rename("norm1.{p}", "norm1.{p}"),
    weights::rename("norm2.{p}", "norm2.{p}"),
};

// transformers: names on the hub first, then those of its modules in memory since version 5.
inline constexpr weights::Rule kHfEncoderLayer[] = {
    weights::pack("self_attn.q_proj.{p}", "self_attn.k_proj.{p}", "self_attn.v_proj.{p}", "self_attn.qkv.{p}"),
    weights::rename("self_attn.(out_proj|o_proj).{p}", "self_attn.proj.{p}"),
    weights::rename("self_attn_layer_norm.{p}", "norm1.{p}"),
    weights::rename("(fc1|mlp.fc1).{p}", "mlp.fc1.{p}"),
    weights::rename("(fc2|mlp.fc2).{p}", "mlp.fc2.{p}"),
    weights::rename("final_layer_norm.{p}", "norm2.{p}"),
};

// The same for a decoder layer whose attention to the memory is deformable.
inline constexpr weights::Rule kHfDeformableDecoderLayer[] = {
    weights::drop("encoder_attn.n_points_scale"),
    weights::pack("self_attn.q_proj.{p}", "self_attn.k_proj.{p}", "self_attn.v_proj.{p}", "self_attn.qkv.{p}"),
    weights::rename("self_attn.(out_proj|o_proj).{p}", "self_attn.proj.{p}"),
    weights::rename("self_attn_layer_norm.{p}", "norm1.{p}"),
    weights::rename("encoder_attn.{p}", "cross_attn.{p}"),
    weights::rename("encoder_attn_layer_norm.{p}", "norm2.{p}"),
    weights::rename("(fc1|mlp.fc1).{p}", "mlp.fc1.{p}"),
    weights::rename("(fc2|mlp.fc2).{p}", "mlp.fc2.{p}"),
    weights::rename("final_layer_norm.{p}", "norm3.{p}"),
};

}  // namespace vitral::detr
