#include "cnn/presets.h"

namespace vitral::cnn {
namespace {

ResNetOptions basic(ResNetOptions::Depths depths) {
  return ResNetOptions().block(BlockKind::basic).depths(depths);
}
ResNetOptions bottleneck(ResNetOptions::Depths depths) {
  return ResNetOptions().depths(depths);
}
ResNetOptions d(ResNetOptions options) {
  return options.deep(true);
}

EfficientNetLiteOptions lite(double width, double depth) {
  return EfficientNetLiteOptions().width(width).depth(depth);
}
EfficientNetLiteOptions tf(EfficientNetLiteOptions options) {
  return options.tensorflow(true);
}

// clang-format off
const Preset<ResNetOptions> kResNets[] = {
    {"resnet18",   basic({2, 2, 2, 2}),          1.814, 11689512},
    {"resnet34",   basic({3, 4, 6, 3}),          3.664, 21797672},
    {"resnet50",   bottleneck({3, 4, 6, 3}),     4.089, 25557032},
    {"resnet101",  bottleneck({3, 4, 23, 3}),    7.801, 44549160},
    {"resnet152",  bottleneck({3, 8, 36, 3}),   11.514, 60192808},
    {"resnet18d",  d(basic({2, 2, 2, 2})),       2.054, 11708744},
    {"resnet34d",  d(basic({3, 4, 6, 3})),       3.903, 21816904},
    {"resnet50d",  d(bottleneck({3, 4, 6, 3})),  4.329, 25576264},
    {"resnet101d", d(bottleneck({3, 4, 23, 3})), 10.502, 44568392},
    {"resnet152d", d(bottleneck({3, 8, 36, 3})), 15.351, 60212040},
};

const Preset<EfficientNetLiteOptions> kLites[] = {
    {"efficientnet_lite0",    lite(1.0, 1.0),     0.385,  4652008},
    {"efficientnet_lite1",    lite(1.0, 1.1),     0.600,  5416680},
    {"efficientnet_lite2",    lite(1.1, 1.2),     0.860,  6092072},
    {"efficientnet_lite3",    lite(1.2, 1.4),     1.608,  8197096},
    {"efficientnet_lite4",    lite(1.4, 1.8),     3.944, 13006568},
    {"tf_efficientnet_lite0", tf(lite(1.0, 1.0)), 0.385,  4652008},
    {"tf_efficientnet_lite1", tf(lite(1.0, 1.1)), 0.600,  5416680},
    {"tf_efficientnet_lite2", tf(lite(1.1, 1.2)), 0.860,  6092072},
    {"tf_efficientnet_lite3", tf(lite(1.2, 1.4)), 1.608,  8197096},
    {"tf_efficientnet_lite4", tf(lite(1.4, 1.8)), 3.944, 13006568},
};
// clang-format on

}  // namespace

std::span<const Preset<ResNetOptions>> resnet_presets() {
  return kResNets;
}
std::span<const Preset<EfficientNetLiteOptions>> efficientnet_lite_presets() {
  return kLites;
}

}  // namespace vitral::cnn
