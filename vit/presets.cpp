#include "vit/presets.h"

namespace vitral::vit {
namespace {

using Options = VisionTransformerOptions;

constexpr std::string_view kVit = "Dosovitskiy et al. 2021, An Image is Worth 16x16 Words, arXiv:2010.11929";
constexpr std::string_view kAugReg = "Steiner et al. 2022, How to train your ViT?, arXiv:2106.10270";
constexpr std::string_view kMiil = "Ridnik et al. 2021, ImageNet-21K Pretraining for the Masses, arXiv:2104.10972";
constexpr std::string_view kDeit = "Touvron et al. 2021, Training data-efficient image transformers, arXiv:2012.12877";
constexpr std::string_view kDeit3 = "Touvron et al. 2022, DeiT III: Revenge of the ViT, arXiv:2204.07118";

Options square(Options options, std::int64_t size, std::int64_t patch) {
  return options.image_height(size).image_width(size).patch(patch);
}

Options tiny() { return Options().dim(192).depth(12).heads(3); }
Options small() { return Options().dim(384).depth(12).heads(6); }
Options medium() { return Options().dim(512).depth(12).heads(8); }
Options base() { return Options().dim(768).depth(12).heads(12); }
Options large() { return Options().dim(1024).depth(24).heads(16); }
Options huge() { return Options().dim(1280).depth(32).heads(16); }

Options distilled(Options options) { return options.distilled(true); }
Options deit3(Options options) { return options.positions_with_prefix(false).layer_scale(1e-6); }

/// timm's sbb and sw models: patch tokens are averaged.
Options medium_gap() {
  return medium().class_token(false).qkv_bias(false).layer_scale(1e-6).pooling(Pooling::average).norm_before_pool(true);
}
Options little_reg4_gap() {
  return Options().dim(320).depth(14).heads(5).mlp_ratio(5.6).class_token(false).register_tokens(4).positions_with_prefix(false)
      .layer_scale(1e-5).pooling(Pooling::average);
}

// clang-format off
const Preset kPresets[] = {
    {"vit_tiny_patch16_224",  square(tiny(), 224, 16),   1.26,   5717416, kAugReg},
    {"vit_tiny_patch16_384",  square(tiny(), 384, 16),   4.70,   5790376, kAugReg},
    {"vit_small_patch32_224", square(small(), 224, 32),  1.15,  22878952, kAugReg},
    {"vit_small_patch32_384", square(small(), 384, 32),  3.45,  22915432, kAugReg},
    {"vit_small_patch16_224", square(small(), 224, 16),  4.61,  22050664, kAugReg},
    {"vit_small_patch16_384", square(small(), 384, 16), 15.52,  22196584, kAugReg},
    {"vit_small_patch8_224",  square(small(), 224, 8),  22.44,  21670272, kVit},
    {"vit_base_patch32_224",  square(base(), 224, 32),   4.41,  88224232, kVit},
    {"vit_base_patch32_384",  square(base(), 384, 32),  13.06,  88297192, kVit},
    {"vit_base_patch16_224",  square(base(), 224, 16),  17.58,  86567656, kVit},
    {"vit_base_patch16_384",  square(base(), 384, 16),  55.54,  86859496, kVit},
    {"vit_base_patch8_224",   square(base(), 224, 8),   78.22,  86576872, kVit},
    {"vit_large_patch32_224", square(large(), 224, 32), 15.39, 305510400, kVit},
    {"vit_large_patch32_384", square(large(), 384, 32), 45.31, 306632680, kVit},
    {"vit_large_patch16_224", square(large(), 224, 16), 61.60, 304326632, kVit},
    {"vit_large_patch16_384", square(large(), 384, 16), 191.21, 304715752, kVit},
    {"vit_huge_patch14_224",  square(huge(), 224, 14), 167.40, 630764800, kVit},
    {"vit_base_patch16_224_miil", square(base(), 224, 16).qkv_bias(false), 17.59, 94399957, kMiil},
    {"vit_little_patch16_reg4_gap_256", square(little_reg4_gap(), 256, 16), 6.35, 22516008, kVit},
    {"vit_medium_patch16_gap_256", square(medium_gap(), 256, 16), 10.59, 38861288, kVit},
    {"vit_medium_patch16_gap_240", square(medium_gap(), 240, 16), 9.22, 44396589, kVit},
    {"deit_tiny_patch16_224",  square(tiny(), 224, 16),   1.26,  5717416, kDeit},
    {"deit_small_patch16_224", square(small(), 224, 16),  4.61, 22050664, kDeit},
    {"deit_base_patch16_224",  square(base(), 224, 16),  17.58, 86567656, kDeit},
    {"deit_base_patch16_384",  square(base(), 384, 16),  55.54, 86859496, kDeit},
    {"deit_tiny_distilled_patch16_224",  square(distilled(tiny()), 224, 16),   1.27,  5910800, kDeit},
    {"deit_small_distilled_patch16_224", square(distilled(small()), 224, 16),  4.63, 22436432, kDeit},
    {"deit_base_distilled_patch16_224",  square(distilled(base()), 224, 16),  17.68, 87338192, kDeit},
    {"deit_base_distilled_patch16_384",  square(distilled(base()), 384, 16),  55.65, 87630032, kDeit},
    {"deit3_small_patch16_224",  square(deit3(small()), 224, 16),  4.61,  22059496, kDeit3},
    {"deit3_small_patch16_384",  square(deit3(small()), 384, 16), 15.52,  22205416, kDeit3},
    {"deit3_medium_patch16_224", square(deit3(medium()), 224, 16), 8.00,  38849512, kDeit3},
    {"deit3_base_patch16_224",   square(deit3(base()), 224, 16),  17.58,  86585320, kDeit3},
    {"deit3_base_patch16_384",   square(deit3(base()), 384, 16),  55.54,  86877160, kDeit3},
    {"deit3_large_patch16_224",  square(deit3(large()), 224, 16), 61.60, 304374760, kDeit3},
    {"deit3_large_patch16_384",  square(deit3(large()), 384, 16), 191.21, 304763880, kDeit3},
    {"deit3_huge_patch14_224",   square(deit3(huge()), 224, 14), 167.40, 632126440, kDeit3},
};
// clang-format on

}  // namespace

std::span<const Preset> presets() { return kPresets; }

}  // namespace vitral::vit
