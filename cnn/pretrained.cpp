#include "cnn/presets.h"

// One published file a line: timm's tags, with timm's preprocessing. Accuracies are timm's (results-imagenet.csv) at
// that size.
// clang-format off
namespace vitral::cnn {
namespace {

using enum Host;
using enum Interpolation;
using enum Statistics;
using enum Licence;

constexpr PretrainedRow kRows[] = {
    {"resnet18", "a1_in1k", "resnet18_a1_0-d63eafa0.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 71.504, 90.086},
    {"resnet18", "a2_in1k", "resnet18_a2_0-b61bd467.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 70.634, 89.486},
    {"resnet18", "a3_in1k", "resnet18_a3_0-40c531c8.pth", timm_rsb, 160, 0.95, bicubic, imagenet, 1000, apache2, 65.67, 86.268},
    {"resnet18", "tv_in1k", "resnet18-f37072fd.pth", torchvision, 224, 0.875, bilinear, imagenet, 1000, bsd3, 69.752, 89.082},
    {"resnet18", "fb_ssl_yfcc100m_ft_in1k", "semi_supervised_resnet18-d92f0530.pth", semi_weak, 224, 0.875, bilinear, imagenet, 1000, cc_by_nc4, 72.636, 91.416},
    {"resnet18", "fb_swsl_ig1b_ft_in1k", "semi_weakly_supervised_resnet18-118f1556.pth", semi_weak, 224, 0.875, bilinear, imagenet, 1000, cc_by_nc4, 73.286, 91.754},
    {"resnet18", "gluon_in1k", "gluon_resnet18_v1b-0757602b.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 70.844, 89.75},
    {"resnet34", "a1_in1k", "resnet34_a1_0-46f8f793.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 76.42, 92.896},
    {"resnet34", "a2_in1k", "resnet34_a2_0-82d47d71.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 75.52, 92.454},
    {"resnet34", "a3_in1k", "resnet34_a3_0-a20cabb6.pth", timm_rsb, 160, 0.95, bicubic, imagenet, 1000, apache2, 70.58, 89.54},
    {"resnet34", "bt_in1k", "resnet34-43635321.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 75.176, 92.166},
    {"resnet34", "ra4_e3600_r224_in1k", "", hub, 224, 0.9, bicubic, half, 1000, apache2, 77.492, 93.498},
    {"resnet34", "tv_in1k", "resnet34-b627a593.pth", torchvision, 224, 0.875, bilinear, imagenet, 1000, bsd3, 73.298, 91.422},
    {"resnet34", "gluon_in1k", "gluon_resnet34_v1b-c6d82d59.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 74.574, 91.988},
    {"resnet50", "a1_in1k", "resnet50_a1_0-14fe96d1.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 80.382, 94.598},
    {"resnet50", "a1h_in1k", "resnet50_a1h2_176-001a1197.pth", timm_rsb, 176, 0.9, bicubic, imagenet, 1000, apache2, 79.264, 94.498},
    {"resnet50", "a2_in1k", "resnet50_a2_0-a2746f79.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 79.828, 94.56},
    {"resnet50", "a3_in1k", "resnet50_a3_0-59cae1ef.pth", timm_rsb, 160, 0.95, bicubic, imagenet, 1000, apache2, 75.994, 92.494},
    {"resnet50", "b1k_in1k", "resnet50_b1k-532a802a.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 79.564, 94.622},
    {"resnet50", "b2k_in1k", "resnet50_b2k-1ba180c1.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 79.388, 94.58},
    {"resnet50", "c1_in1k", "resnet50_c1-5ba5e060.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 79.766, 94.954},
    {"resnet50", "c2_in1k", "resnet50_c2-d01e05b2.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 79.868, 94.862},
    {"resnet50", "d_in1k", "resnet50_d-f39db8af.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 79.904, 94.666},
    {"resnet50", "ram_in1k", "resnet50_ram-a26f946b.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 79.034, 94.386},
    {"resnet50", "am_in1k", "resnet50_am-6c502b37.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 79.004, 94.392},
    {"resnet50", "ra_in1k", "resnet50_ra-85ebb6e5.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 78.82, 94.314},
    {"resnet50", "bt_in1k", "rw_resnet50-86acaeed.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 78.444, 94.274},
    {"resnet50", "tv_in1k", "resnet50-0676ba61.pth", torchvision, 224, 0.875, bilinear, imagenet, 1000, bsd3, 76.156, 92.866},
    {"resnet50", "tv2_in1k", "resnet50-11ad3fa6.pth", torchvision, 176, 0.875, bilinear, imagenet, 1000, bsd3, 79.434, 94.64},
    {"resnet50", "fb_ssl_yfcc100m_ft_in1k", "semi_supervised_resnet50-08389792.pth", semi_weak, 224, 0.875, bilinear, imagenet, 1000, cc_by_nc4, 79.252, 94.826},
    {"resnet50", "fb_swsl_ig1b_ft_in1k", "semi_weakly_supervised_resnet50-16a12f1b.pth", semi_weak, 224, 0.875, bilinear, imagenet, 1000, cc_by_nc4, 81.146, 95.98},
    {"resnet50", "gluon_in1k", "gluon_resnet50_v1b-0ebe02e2.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 77.58, 93.704},
    {"resnet101", "a1h_in1k", "resnet101_a1h-36d3f2aa.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 81.95, 95.76},
    {"resnet101", "a1_in1k", "resnet101_a1_0-cdcb52a9.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 81.494, 95.164},
    {"resnet101", "a2_in1k", "resnet101_a2_0-6edb36c7.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 81.344, 95.198},
    {"resnet101", "a3_in1k", "resnet101_a3_0-1db14157.pth", timm_rsb, 160, 0.95, bicubic, imagenet, 1000, apache2, 77.928, 93.686},
    {"resnet101", "tv_in1k", "resnet101-63fe2227.pth", torchvision, 224, 0.875, bilinear, imagenet, 1000, bsd3, 77.404, 93.552},
    {"resnet101", "tv2_in1k", "resnet101-cd907fc2.pth", torchvision, 176, 0.875, bilinear, imagenet, 1000, bsd3, 79.908, 94.606},
    {"resnet101", "gluon_in1k", "gluon_resnet101_v1b-3b017079.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 79.306, 94.538},
    {"resnet152", "a1h_in1k", "resnet152_a1h-dc400468.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 82.818, 96.124},
    {"resnet152", "a1_in1k", "resnet152_a1_0-2eee8a7a.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 81.998, 95.294},
    {"resnet152", "a2_in1k", "resnet152_a2_0-b4c6978f.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 81.764, 95.27},
    {"resnet152", "a3_in1k", "resnet152_a3_0-134d4688.pth", timm_rsb, 160, 0.95, bicubic, imagenet, 1000, apache2, 78.896, 94.14},
    {"resnet152", "tv_in1k", "resnet152-394f9c45.pth", torchvision, 224, 0.875, bilinear, imagenet, 1000, bsd3, 78.33, 94.046},
    {"resnet152", "tv2_in1k", "resnet152-f82ba261.pth", torchvision, 176, 0.875, bilinear, imagenet, 1000, bsd3, 80.222, 94.65},
    {"resnet152", "gluon_in1k", "gluon_resnet152_v1b-c1edb0dd.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 79.712, 94.72},
    {"resnet18d", "ra2_in1k", "resnet18d_ra2-48a79e06.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 72.296, 90.682},
    {"resnet18d", "ra4_e3600_r224_in1k", "", hub, 224, 0.9, bicubic, half, 1000, apache2, 74.356, 91.826},
    {"resnet34d", "ra2_in1k", "resnet34d_ra2-f8dcfcaf.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 77.108, 93.372},
    {"resnet50d", "ra2_in1k", "resnet50d_ra2-464e36ba.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 80.546, 95.16},
    {"resnet50d", "ra4_e3600_r224_in1k", "", hub, 224, 0.95, bicubic, half, 1000, apache2, 80.956, 95.38},
    {"resnet50d", "a1_in1k", "resnet50d_a1_0-e20cff14.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 80.73, 94.678},
    {"resnet50d", "a2_in1k", "resnet50d_a2_0-a3adc64d.pth", timm_rsb, 224, 0.95, bicubic, imagenet, 1000, apache2, 80.268, 94.642},
    {"resnet50d", "a3_in1k", "resnet50d_a3_0-403fdfad.pth", timm_rsb, 160, 0.95, bicubic, imagenet, 1000, apache2, 77.222, 93.256},
    {"resnet50d", "gluon_in1k", "gluon_resnet50_v1d-818a1b1b.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 79.08, 94.458},
    {"resnet101d", "ra2_in1k", "resnet101d_ra2-2803ffab.pth", timm_weights, 256, 0.95, bicubic, imagenet, 1000, apache2, 82.254, 96.07},
    {"resnet101d", "gluon_in1k", "gluon_resnet101_v1d-0f9c8644.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 80.466, 95.034},
    {"resnet152d", "ra2_in1k", "resnet152d_ra2-5cac0439.pth", timm_weights, 256, 0.95, bicubic, imagenet, 1000, apache2, 83.16, 96.37},
    {"resnet152d", "gluon_in1k", "gluon_resnet152_v1d-bd354e12.pth", gluon, 224, 0.875, bicubic, imagenet, 1000, apache2, 80.476, 95.194},
    {"efficientnet_lite0", "ra_in1k", "efficientnet_lite0_ra-37913777.pth", timm_weights, 224, 0.875, bicubic, imagenet, 1000, apache2, 75.488, 92.508},
    {"efficientnet_lite1", "untrained", "", hub, 240, 0.882, bicubic, imagenet, 1000, apache2, 0, 0},
    {"efficientnet_lite2", "untrained", "", hub, 260, 0.89, bicubic, imagenet, 1000, apache2, 0, 0},
    {"efficientnet_lite3", "untrained", "", hub, 300, 0.904, bicubic, imagenet, 1000, apache2, 0, 0},
    {"efficientnet_lite4", "untrained", "", hub, 380, 0.922, bicubic, imagenet, 1000, apache2, 0, 0},
    {"tf_efficientnet_lite0", "in1k", "tf_efficientnet_lite0-0aa007d2.pth", timm_weights, 224, 0.875, bicubic, half, 1000, apache2, 74.846, 92.18},
    {"tf_efficientnet_lite1", "in1k", "tf_efficientnet_lite1-bde8b488.pth", timm_weights, 240, 0.882, bicubic, half, 1000, apache2, 76.674, 93.232},
    {"tf_efficientnet_lite2", "in1k", "tf_efficientnet_lite2-dcccb7df.pth", timm_weights, 260, 0.89, bicubic, half, 1000, apache2, 77.47, 93.756},
    {"tf_efficientnet_lite3", "in1k", "tf_efficientnet_lite3-b733e338.pth", timm_weights, 300, 0.904, bilinear, half, 1000, apache2, 79.808, 94.908},
    {"tf_efficientnet_lite4", "in1k", "tf_efficientnet_lite4-741542c3.pth", timm_weights, 380, 0.92, bilinear, half, 1000, apache2, 81.54, 95.668},
};

// The same files as torchvision prepares pictures for them, under the names that its `Weights` have.
constexpr TorchvisionRow kTorchvision[] = {
    {"resnet18", "imagenet1k_v1", "resnet18-f37072fd.pth", 256, 224, bilinear, bsd3, 69.758, 89.078, 44.661},
    {"resnet34", "imagenet1k_v1", "resnet34-b627a593.pth", 256, 224, bilinear, bsd3, 73.314, 91.420, 83.275},
    {"resnet50", "imagenet1k_v1", "resnet50-0676ba61.pth", 256, 224, bilinear, bsd3, 76.130, 92.862, 97.781},
    {"resnet50", "imagenet1k_v2", "resnet50-11ad3fa6.pth", 232, 224, bilinear, bsd3, 80.858, 95.434, 97.79},
    {"resnet101", "imagenet1k_v1", "resnet101-63fe2227.pth", 256, 224, bilinear, bsd3, 77.374, 93.546, 170.511},
    {"resnet101", "imagenet1k_v2", "resnet101-cd907fc2.pth", 232, 224, bilinear, bsd3, 81.886, 95.780, 170.53},
    {"resnet152", "imagenet1k_v1", "resnet152-394f9c45.pth", 256, 224, bilinear, bsd3, 78.312, 94.046, 230.434},
    {"resnet152", "imagenet1k_v2", "resnet152-f82ba261.pth", 232, 224, bilinear, bsd3, 82.284, 96.002, 230.474},
};

constexpr HubRow kHub[] = {
    {"resnet18", "microsoft/resnet-18", 256, 224, bicubic, imagenet, apache2, 1000, ResizeRule::convnext},
    {"resnet34", "microsoft/resnet-34", 256, 224, bicubic, imagenet, apache2, 1000, ResizeRule::convnext},
    {"resnet50", "microsoft/resnet-50", 256, 224, bicubic, imagenet, apache2, 1000, ResizeRule::convnext},
    {"resnet101", "microsoft/resnet-101", 256, 224, bicubic, imagenet, apache2, 1000, ResizeRule::convnext},
    {"resnet152", "microsoft/resnet-152", 256, 224, bicubic, imagenet, apache2, 1000, ResizeRule::convnext},
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

}  // namespace vitral::cnn
