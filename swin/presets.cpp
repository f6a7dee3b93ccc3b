#include "swin/presets.h"

namespace vitral::swin {
namespace {

using Options = SwinTransformerOptions;

constexpr std::string_view kSwin = "Liu et al. 2021, Swin Transformer, arXiv:2103.14030";
constexpr std::string_view kSwinV2 = "Liu et al. 2022, Swin Transformer V2, arXiv:2111.09883";
constexpr std::string_view kS3 = "Chen et al. 2021, Searching the Search Space of Vision Transformer, arXiv:2111.14725";

Options square(Options options, std::int64_t size) {
  return options.image_height(size).image_width(size);
}
Options windows(Options options, Stages sizes) {
  return options.windows(sizes);
}
Options v1(Options options, std::int64_t window, std::int64_t size) {
  return square(windows(options, {window, window, window, window}), size);
}
Options v2(Options options, std::int64_t window, std::int64_t size) {
  return v1(options.version(Version::v2), window, size);
}
/// Trained with window 12 (6 in the last stage) at 192 before.
Options from_12(Options options) {
  return options.pretrained_windows({12, 12, 12, 6});
}

Options tiny() {
  return Options().dim(96).depths({2, 2, 6, 2}).heads({3, 6, 12, 24});
}
Options small() {
  return tiny().depths({2, 2, 18, 2});
}
Options base() {
  return Options().dim(128).depths({2, 2, 18, 2}).heads({4, 8, 16, 32});
}
Options large() {
  return Options().dim(192).depths({2, 2, 18, 2}).heads({6, 12, 24, 48});
}

// clang-format off
const Preset kPresets[] = {
    {"swin_tiny_patch4_window7_224",   v1(tiny(), 7, 224),     4.51,  28288354, kSwin},
    {"swin_small_patch4_window7_224",  v1(small(), 7, 224),    8.77,  49606258, kSwin},
    {"swin_base_patch4_window7_224",   v1(base(), 7, 224),    15.47,  87768224, kSwin},
    {"swin_base_patch4_window12_384",  v1(base(), 12, 384),   47.19,  87903584, kSwin},
    {"swin_large_patch4_window7_224",  v1(large(), 7, 224),   34.53, 196532476, kSwin},
    {"swin_large_patch4_window12_384", v1(large(), 12, 384), 104.08, 196735516, kSwin},
    {"swin_s3_tiny_224",  square(windows(tiny(), {7, 7, 14, 7}), 224),                        4.64, 28328674, kS3},
    {"swin_s3_small_224", square(windows(small(), {14, 14, 14, 7}), 224),                     9.43, 49737298, kS3},
    {"swin_s3_base_224",  square(windows(tiny().depths({2, 2, 30, 2}), {7, 7, 14, 7}), 224), 13.69, 71125762, kS3},
    {"swinv2_tiny_window8_256",   v2(tiny(), 8, 256),    5.96, 28347154, kSwinV2},
    {"swinv2_tiny_window16_256",  v2(tiny(), 16, 256),   6.68, 28347154, kSwinV2},
    {"swinv2_small_window8_256",  v2(small(), 8, 256),  11.58, 49728418, kSwinV2},
    {"swinv2_small_window16_256", v2(small(), 16, 256), 12.82, 49728418, kSwinV2},
    {"swinv2_base_window8_256",   v2(base(), 8, 256),   20.37, 87918816, kSwinV2},
    {"swinv2_base_window16_256",  v2(base(), 16, 256),  22.02, 87918816, kSwinV2},
    {"swinv2_base_window12_192",  v2(base(), 12, 192),  11.90, 109280841, kSwinV2},
    {"swinv2_large_window12_192", v2(large(), 12, 192), 26.17, 228772549, kSwinV2},
    {"swinv2_base_window12to16_192to256",  from_12(v2(base(), 16, 256)),   22.02,  87918816, kSwinV2},
    {"swinv2_base_window12to24_192to384",  from_12(v2(base(), 24, 384)),   55.25,  87918816, kSwinV2},
    {"swinv2_large_window12to16_192to256", from_12(v2(large(), 16, 256)),  47.81, 196739932, kSwinV2},
    {"swinv2_large_window12to24_192to384", from_12(v2(large(), 24, 384)), 116.15, 196739932, kSwinV2},
};
// clang-format on

}  // namespace

std::span<const Preset> presets() {
  return kPresets;
}

}  // namespace vitral::swin
