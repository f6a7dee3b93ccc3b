#include "detr/presets.h"

namespace vitral::detr {
namespace {

// clang-format off
constexpr DetrPreset kDetr[] = {
    {"detr_resnet18",       18, false,  44, 28843552, "", 0, 0, "", 0, 0, 0},
    {"detr_resnet50",       50, false,  86, 41524768, "detr-r50-e632da11.pth",      42.0, 62.4, "detr-r50-panoptic-00ce5173.pth",     38.8, 159, 165},
    {"detr_resnet50_dc5",   50, true,  187, 41524768, "detr-r50-dc5-f0fb7ef5.pth",  43.3, 63.1, "detr-r50-dc5-panoptic-da08f1b1.pth", 40.2, 159, 165},
    {"detr_resnet101",     101, false, 152, 60464672, "detr-r101-2c7b67e5.pth",     43.5, 63.8, "detr-r101-panoptic-40021d53.pth",    40.1, 232, 237},
    {"detr_resnet101_dc5", 101, true,  253, 60464672, "detr-r101-dc5-a2e86def.pth", 44.9, 64.7, "", 0, 232, 0},
};
// clang-format on

// clang-format off
constexpr DeformableDetrPreset kDeformable[] = {
    {"deformable_detr_resnet50",                  4, false, false, false, 173, 40069665, "SenseTime/deformable-detr", 44.5},
    {"deformable_detr_resnet50_single_scale",     1, false, false, false,  78, 34066593, "SenseTime/deformable-detr-single-scale", 39.4},
    {"deformable_detr_resnet50_single_scale_dc5", 1, true,  false, false, 128, 34066593, "SenseTime/deformable-detr-single-scale-dc5", 41.5},
    {"deformable_detr_resnet50_box_refine",       4, false, true,  false, 173, 40849660, "SenseTime/deformable-detr-with-box-refine", 46.2},
    {"deformable_detr_resnet50_two_stage",        4, false, true,  true,  173, 41181529, "SenseTime/deformable-detr-with-box-refine-two-stage", 46.9},
};
// clang-format on

}  // namespace

std::span<const DeformableDetrPreset> deformable_detr_presets() {
  return kDeformable;
}

DeformableDetrOptions options_of(const DeformableDetrPreset& preset) {
  BackboneSpec backbone;
  backbone.dilate_last = preset.dilated;
  if (preset.levels > 1) backbone.levels = {2, 3, 4};
  return DeformableDetrOptions()
      .backbone(backbone)
      .layer(DeformableOptions().levels(preset.levels))
      .refine(preset.refine)
      .two_stage(preset.two_stage);
}

DeformableDetrOptions tiny_deformable_detr(BackboneFactory make_backbone) {
  BackboneSpec backbone;
  backbone.levels = {3, 4};
  return DeformableDetrOptions()
      .backbone(backbone)
      .make_backbone(std::move(make_backbone))
      .num_classes(5)
      .queries(7)
      .layer(DeformableOptions().dim(16).heads(2).levels(3).points(2).hidden(24))
      .groups(4)
      .encoder_depth(2)
      .decoder_depth(2);
}

std::span<const DetrPreset> detr_presets() {
  return kDetr;
}

DetrOptions tiny_detr(BackboneFactory make_backbone) {
  return DetrOptions()
      .make_backbone(std::move(make_backbone))
      .num_classes(5)
      .queries(7)
      .dim(16)
      .heads(2)
      .hidden(24)
      .encoder_depth(2)
      .decoder_depth(2);
}

}  // namespace vitral::detr
