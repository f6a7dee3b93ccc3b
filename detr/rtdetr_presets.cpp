#include "detr/presets.h"

namespace vitral::detr {
namespace {

constexpr auto kBilinear = nn::Sampling::bilinear, kDiscrete = nn::Sampling::discrete;

// clang-format off
constexpr RtDetrFile kR18[] = {
    {"coco",                 "v0.1", "rtdetr_r18vd_dec3_6x_coco_from_paddle.pth",          46.4, 63.7, "PekingU/rtdetr_r18vd"},
    {"coco_objects365",      "v0.1", "rtdetr_r18vd_5x_coco_objects365_from_paddle.pth",    49.0, 66.5, "PekingU/rtdetr_r18vd_coco_o365"},
};
constexpr RtDetrFile kR34[] = {
    {"coco",                 "v0.1", "rtdetr_r34vd_dec4_6x_coco_from_paddle.pth",          48.9, 66.8, "PekingU/rtdetr_r34vd"},
};
constexpr RtDetrFile kR50m[] = {
    {"coco",                 "v0.1", "rtdetr_r50vd_m_6x_coco_from_paddle.pth",             51.3, 69.5, ""},
};
constexpr RtDetrFile kR50[] = {
    {"coco",                 "v0.1", "rtdetr_r50vd_6x_coco_from_paddle.pth",               53.1, 71.2, "PekingU/rtdetr_r50vd"},
    {"coco_objects365",      "v0.1", "rtdetr_r50vd_2x_coco_objects365_from_paddle.pth",    55.2, 73.4, "PekingU/rtdetr_r50vd_coco_o365"},
};
constexpr RtDetrFile kR101[] = {
    {"coco",                 "v0.1", "rtdetr_r101vd_6x_coco_from_paddle.pth",              54.3, 72.8, "PekingU/rtdetr_r101vd"},
    {"coco_objects365",      "v0.1", "rtdetr_r101vd_2x_coco_objects365_from_paddle.pth",   56.2, 74.5, "PekingU/rtdetr_r101vd_coco_o365"},
};
constexpr RtDetrFile kV2R18[] = {
    {"coco",                 "v0.2", "rtdetrv2_r18vd_120e_coco_rerun_48.1.pth",            48.1, 65.1, "PekingU/rtdetr_v2_r18vd"},
    {"coco_120e",            "v0.1", "rtdetrv2_r18vd_120e_coco.pth",                       47.9, 64.9, ""},
    {"coco_objects365",      "v0.1", "rtdetrv2_r18vd_5x_coco_objects365_from_paddle.pth",  49.0, 66.5, ""},
};
constexpr RtDetrFile kV2R34[] = {
    {"coco",                 "v0.1", "rtdetrv2_r34vd_120e_coco_ema.pth",                   49.9, 67.5, "PekingU/rtdetr_v2_r34vd"},
};
constexpr RtDetrFile kV2R50m[] = {
    {"coco",                 "v0.1", "rtdetrv2_r50vd_m_7x_coco_ema.pth",                   51.9, 69.9, ""},
};
constexpr RtDetrFile kV2R50[] = {
    {"coco",                 "v0.1", "rtdetrv2_r50vd_6x_coco_ema.pth",                     53.4, 71.6, "PekingU/rtdetr_v2_r50vd"},
    {"coco_objects365",      "v0.1", "rtdetrv2_r50vd_2x_coco_objects365_from_paddle.pth",  55.2, 73.4, ""},
};
constexpr RtDetrFile kV2R101[] = {
    {"coco",                 "v0.1", "rtdetrv2_r101vd_6x_coco_from_paddle.pth",            54.3, 72.8, "PekingU/rtdetr_v2_r101vd"},
    {"coco_objects365",      "v0.1", "rtdetrv2_r101vd_2x_coco_objects365_from_paddle.pth", 56.2, 74.5, ""},
};
constexpr RtDetrFile kV2R18d[] = {{"coco", "v0.1", "rtdetrv2_r18vd_dsp_3x_coco.pth",       47.4, 64.8, ""}};
constexpr RtDetrFile kV2R34d[] = {{"coco", "v0.1", "rrtdetrv2_r34vd_dsp_1x_coco.pth",      49.2, 67.1, ""}};  // sic
constexpr RtDetrFile kV2R50md[] = {{"coco", "v0.1", "rtdetrv2_r50vd_m_dsp_3x_coco.pth",    51.4, 69.7, ""}};
constexpr RtDetrFile kV2R50d[] = {{"coco", "v0.1", "rtdetrv2_r50vd_dsp_1x_coco.pth",       52.9, 71.3, ""}};

// name, version, ResNet, decoder layers, of which count, expansion, encoder's width and hidden width, sampling, GMACs,
// parameters, files
constexpr RtDetrPreset kRtDetr[] = {
    {"rtdetr_r18vd",         1,  18, 3, 3, 0.5, 256, 1024, kBilinear,  30.0, 20184464, kR18},
    {"rtdetr_r34vd",         1,  34, 4, 4, 0.5, 256, 1024, kBilinear,  46.0, 31441668, kR34},
    {"rtdetr_r50vd_m",       1,  50, 6, 3, 0.5, 256, 1024, kBilinear,  50.0, 36593772, kR50m},
    {"rtdetr_r50vd",         1,  50, 6, 6, 1.0, 256, 1024, kBilinear,  68.0, 42891372, kR50},
    {"rtdetr_r101vd",        1, 101, 6, 6, 1.0, 384, 2048, kBilinear, 129.5, 76556268, kR101},
    {"rtdetrv2_r18vd",       2,  18, 3, 3, 0.5, 256, 1024, kBilinear,  30.0, 20184464, kV2R18},
    {"rtdetrv2_r34vd",       2,  34, 4, 4, 0.5, 256, 1024, kBilinear,  46.0, 31441668, kV2R34},
    {"rtdetrv2_r50vd_m",     2,  50, 6, 3, 0.5, 256, 1024, kBilinear,  50.0, 36593772, kV2R50m},
    {"rtdetrv2_r50vd",       2,  50, 6, 6, 1.0, 256, 1024, kBilinear,  68.0, 42891372, kV2R50},
    {"rtdetrv2_r101vd",      2, 101, 6, 6, 1.0, 384, 2048, kBilinear, 129.5, 76556268, kV2R101},
    {"rtdetrv2_r18vd_dsp",   2,  18, 3, 3, 0.5, 256, 1024, kDiscrete,  30.0, 20184464, kV2R18d},
    {"rtdetrv2_r34vd_dsp",   2,  34, 4, 4, 0.5, 256, 1024, kDiscrete,  46.0, 31441668, kV2R34d},
    {"rtdetrv2_r50vd_m_dsp", 2,  50, 6, 3, 0.5, 256, 1024, kDiscrete,  50.0, 36593772, kV2R50md},
    {"rtdetrv2_r50vd_dsp",   2,  50, 6, 6, 1.0, 256, 1024, kDiscrete,  68.0, 42891372, kV2R50d},
};
// clang-format on

}  // namespace

std::span<const RtDetrPreset> rtdetr_presets() {
  return kRtDetr;
}

RtDetrOptions options_of(const RtDetrPreset& preset) {
  const bool small = preset.resnet < 50;
  BackboneSpec backbone;
  backbone.depth = preset.resnet;
  backbone.deep = true;
  backbone.project_first = true;
  backbone.frozen = !small;  // the authors train the norms of the small ones
  backbone.levels = {2, 3, 4};
  return RtDetrOptions()
      .backbone(backbone)
      .depth(preset.depth)
      .eval_depth(preset.eval_depth)
      .expansion(preset.expansion)
      .encoder_dim(preset.encoder_dim)
      .encoder_hidden(preset.encoder_hidden)
      .sampling(preset.sampling);
}

RtDetrOptions tiny_rtdetr(BackboneFactory make_backbone) {
  BackboneSpec backbone;
  backbone.deep = true;
  backbone.frozen = false;
  backbone.levels = {2, 3, 4};
  return RtDetrOptions()
      .backbone(backbone)
      .make_backbone(std::move(make_backbone))
      .num_classes(5)
      .queries(7)
      .encoder_dim(24)
      .encoder_hidden(32)
      .expansion(0.5)
      .dim(16)
      .heads(2)
      .hidden(24)
      .depth(2);
}

}  // namespace vitral::detr
