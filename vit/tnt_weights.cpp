#include "vit/tnt_register.h"

namespace vitral::vit {
namespace {

using namespace weights;

constexpr Rule kBlock[] = {
    rename("inner_norm1.{p}", "norm_in.{p}"),     rename("inner_attn.{p}", "attn_in.{p}"),
    rename("inner_norm2.{p}", "norm_mlp_in.{p}"), rename("inner_mlp.{p}", "mlp_in.{p}"),
    rename("proj_norm1.{p}", "norm1_proj.{p}"),   rename("proj.{p}", "proj.{p}"),
    rename("proj_norm2.{p}", "norm2_proj.{p}"),   rename("outer_norm1.{p}", "norm_out.{p}"),
    rename("outer_attn.{p}", "attn_out.{p}"),     rename("outer_norm2.{p}", "norm_mlp.{p}"),
    rename("outer_mlp.{p}", "mlp.{p}"),
};
constexpr Rule kTop[] = {
    rename("cls_token", "cls_token"),
    rename("outer_pos", "patch_pos"),
    rename("inner_pos", "pixel_pos", Transform::token_grid),
    drop("outer_tokens"),  // zeros that were never learnt
    rename("patch_embed.proj.{p}", "pixel_embed.proj.{p}"),
    rename("proj_norm1.{p}", "norm1_proj.{p}"),
    rename("proj.{p}", "proj.{p}"),
    rename("proj_norm2.{p}", "norm2_proj.{p}"),
    rename("norm.{p}", "norm.{p}"),
    rename("head.{p}", "head.{p}"),
};
constexpr RuleGroup kGroups[] = {{"blocks.{i}.", "blocks.{i}.", kBlock}, {"", "", kTop}};
constexpr std::string_view kMarks[] = {"outer_pos", "inner_pos", "blocks.0.inner_attn.qk.weight"};
constexpr KeyMap kMaps[] = {{"original", kMarks, kGroups}};

}  // namespace

std::span<const weights::KeyMap> tnt_key_maps() {
  return kMaps;
}

}  // namespace vitral::vit
