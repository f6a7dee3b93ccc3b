#include "swin/presets.h"

// One published file a line.
// clang-format off
namespace vitral::swin {
namespace {

constexpr PretrainedRow kRows[] = {
    {"swin_base_patch4_window12_384", "ms_in22k_ft_in1k", "swin_base_patch4_window12_384_22kto1k.pth", Host::swin_1_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 86.442, 98.068},
    {"swin_base_patch4_window12_384", "ms_in1k", "swin_base_patch4_window12_384.pth", Host::swin_1_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 84.478, 96.886},
    {"swin_base_patch4_window12_384", "ms_in22k", "swin_base_patch4_window12_384_22k.pth", Host::swin_1_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swin_base_patch4_window7_224", "ms_in22k_ft_in1k", "swin_base_patch4_window7_224_22kto1k.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 85.276, 97.566},
    {"swin_base_patch4_window7_224", "ms_in1k", "swin_base_patch4_window7_224.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 83.604, 96.450},
    {"swin_base_patch4_window7_224", "ms_in22k", "swin_base_patch4_window7_224_22k.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swin_large_patch4_window12_384", "ms_in22k_ft_in1k", "swin_large_patch4_window12_384_22kto1k.pth", Host::swin_1_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 87.142, 98.228},
    {"swin_large_patch4_window12_384", "ms_in22k", "swin_large_patch4_window12_384_22k.pth", Host::swin_1_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swin_large_patch4_window7_224", "ms_in22k_ft_in1k", "swin_large_patch4_window7_224_22kto1k.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 86.320, 97.890},
    {"swin_large_patch4_window7_224", "ms_in22k", "swin_large_patch4_window7_224_22k.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swin_s3_base_224", "ms_in1k", "s3_b-a1e95db4.pth", Host::timm_weights, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 83.920, 96.650},
    {"swin_s3_small_224", "ms_in1k", "s3_s-3bb4c69d.pth", Host::timm_weights, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 83.778, 96.460},
    {"swin_s3_tiny_224", "ms_in1k", "s3_t-1d53f6a8.pth", Host::timm_weights, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 82.128, 95.958},
    {"swin_small_patch4_window7_224", "ms_in22k_ft_in1k", "swin_small_patch4_window7_224_22kto1k_finetune.pth", Host::swin_1_0_8, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 83.330, 96.996},
    {"swin_small_patch4_window7_224", "ms_in1k", "swin_small_patch4_window7_224.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 83.228, 96.326},
    {"swin_small_patch4_window7_224", "ms_in22k", "swin_small_patch4_window7_224_22k.pth", Host::swin_1_0_8, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swin_tiny_patch4_window7_224", "ms_in1k", "swin_tiny_patch4_window7_224.pth", Host::swin_1_0_0, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 81.388, 95.540},
    {"swin_tiny_patch4_window7_224", "ms_in22k_ft_in1k", "swin_tiny_patch4_window7_224_22kto1k_finetune.pth", Host::swin_1_0_8, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 80.966, 96.020},
    {"swin_tiny_patch4_window7_224", "ms_in22k", "swin_tiny_patch4_window7_224_22k.pth", Host::swin_1_0_8, 224, 0.9, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swinv2_base_window12_192", "ms_in22k", "swinv2_base_patch4_window12_192_22k.pth", Host::swin_2_0_0, 192, 0.9, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swinv2_base_window12to16_192to256", "ms_in22k_ft_in1k", "swinv2_base_patch4_window12to16_192to256_22kto1k_ft.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 86.270, 97.906},
    {"swinv2_base_window12to24_192to384", "ms_in22k_ft_in1k", "swinv2_base_patch4_window12to24_192to384_22kto1k_ft.pth", Host::swin_2_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 87.142, 98.228},
    {"swinv2_base_window16_256", "ms_in1k", "swinv2_base_patch4_window16_256.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 84.608, 97.064},
    {"swinv2_base_window8_256", "ms_in1k", "swinv2_base_patch4_window8_256.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 84.246, 96.902},
    {"swinv2_large_window12_192", "ms_in22k", "swinv2_large_patch4_window12_192_22k.pth", Host::swin_2_0_0, 192, 0.9, Interpolation::bicubic, Statistics::imagenet, 21841, Licence::mit, 0, 0},
    {"swinv2_large_window12to16_192to256", "ms_in22k_ft_in1k", "swinv2_large_patch4_window12to16_192to256_22kto1k_ft.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 86.934, 98.106},
    {"swinv2_large_window12to24_192to384", "ms_in22k_ft_in1k", "swinv2_large_patch4_window12to24_192to384_22kto1k_ft.pth", Host::swin_2_0_0, 384, 1.0, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 87.474, 98.264},
    {"swinv2_small_window16_256", "ms_in1k", "swinv2_small_patch4_window16_256.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 84.216, 96.874},
    {"swinv2_small_window8_256", "ms_in1k", "swinv2_small_patch4_window8_256.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 83.844, 96.650},
    {"swinv2_tiny_window16_256", "ms_in1k", "swinv2_tiny_patch4_window16_256.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 82.828, 96.222},
    {"swinv2_tiny_window8_256", "ms_in1k", "swinv2_tiny_patch4_window8_256.pth", Host::swin_2_0_0, 256, 0.9, Interpolation::bicubic, Statistics::imagenet, 1000, Licence::mit, 81.824, 95.988},
};

constexpr TorchvisionRow kTorchvision[] = {
    {"swin_tiny_patch4_window7_224", "swin_t", "swin_t-704ceda3.pth", 232, 224, Interpolation::bicubic, Licence::bsd3, 81.474, 95.776, 108.19},
    {"swin_small_patch4_window7_224", "swin_s", "swin_s-5e29d889.pth", 246, 224, Interpolation::bicubic, Licence::bsd3, 83.196, 96.360, 189.786},
    {"swin_base_patch4_window7_224", "swin_b", "swin_b-68c6b09e.pth", 238, 224, Interpolation::bicubic, Licence::bsd3, 83.582, 96.640, 335.364},
    {"swinv2_tiny_window8_256", "swin_v2_t", "swin_v2_t-b137f0e2.pth", 260, 256, Interpolation::bicubic, Licence::bsd3, 82.072, 96.132, 108.626},
    {"swinv2_small_window8_256", "swin_v2_s", "swin_v2_s-637d8ceb.pth", 260, 256, Interpolation::bicubic, Licence::bsd3, 83.712, 96.816, 190.675},
    {"swinv2_base_window8_256", "swin_v2_b", "swin_v2_b-781e5279.pth", 272, 256, Interpolation::bicubic, Licence::bsd3, 84.112, 96.864, 336.372},
};

constexpr HubRow kHub[] = {
    {"swin_tiny_patch4_window7_224", "microsoft/swin-tiny-patch4-window7-224", 224, 224, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swin_small_patch4_window7_224", "microsoft/swin-small-patch4-window7-224", 224, 224, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swin_base_patch4_window7_224", "microsoft/swin-base-patch4-window7-224", 224, 224, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swin_base_patch4_window7_224", "microsoft/swin-base-patch4-window7-224-in22k", 224, 224, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 21841},
    {"swin_base_patch4_window12_384", "microsoft/swin-base-patch4-window12-384", 384, 384, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swin_base_patch4_window12_384", "microsoft/swin-base-patch4-window12-384-in22k", 384, 384, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 21841},
    {"swin_large_patch4_window7_224", "microsoft/swin-large-patch4-window7-224", 224, 224, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swin_large_patch4_window7_224", "microsoft/swin-large-patch4-window7-224-in22k", 224, 224, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 21841},
    {"swin_large_patch4_window12_384", "microsoft/swin-large-patch4-window12-384", 384, 384, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swin_large_patch4_window12_384", "microsoft/swin-large-patch4-window12-384-in22k", 384, 384, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 21841},
    {"swinv2_tiny_window8_256", "microsoft/swinv2-tiny-patch4-window8-256", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_tiny_window16_256", "microsoft/swinv2-tiny-patch4-window16-256", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_small_window8_256", "microsoft/swinv2-small-patch4-window8-256", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_small_window16_256", "microsoft/swinv2-small-patch4-window16-256", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_base_window8_256", "microsoft/swinv2-base-patch4-window8-256", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_base_window16_256", "microsoft/swinv2-base-patch4-window16-256", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_base_window12_192", "microsoft/swinv2-base-patch4-window12-192-22k", 192, 192, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 21841},
    {"swinv2_large_window12_192", "microsoft/swinv2-large-patch4-window12-192-22k", 192, 192, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 21841},
    {"swinv2_base_window12to16_192to256", "microsoft/swinv2-base-patch4-window12to16-192to256-22kto1k-ft", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_large_window12to16_192to256", "microsoft/swinv2-large-patch4-window12to16-192to256-22kto1k-ft", 256, 256, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_base_window12to24_192to384", "microsoft/swinv2-base-patch4-window12to24-192to384-22kto1k-ft", 384, 384, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
    {"swinv2_large_window12to24_192to384", "microsoft/swinv2-large-patch4-window12to24-192to384-22kto1k-ft", 384, 384, Interpolation::bicubic, Statistics::imagenet, Licence::mit, 1000},
};

}  // namespace
// clang-format on

std::span<const PretrainedRow> pretrained_rows() {
  return kRows;
}
std::span<const TorchvisionRow> torchvision_rows() {
  return kTorchvision;
}
std::span<const HubRow> hub_rows() {
  return kHub;
}

}  // namespace vitral::swin
