#include "cnn/detector_presets.h"

namespace vitral::cnn {
namespace {

YoloxOptions yolox(double depth, double width) {
  return YoloxOptions().depth(depth).width(width);
}

FasterRcnnOptions first_version() {
  // The published weights were trained with an eps of nothing; torchvision sets it so when it loads them.
  const auto body = ResNetOptions().levels({1, 2, 3, 4}).num_classes(0).norm(nn::NormKind::frozen).norm_eps(0);
  return FasterRcnnOptions().body(body);
}

FasterRcnnOptions second_version() {
  return FasterRcnnOptions()
      .pyramid_norm(nn::NormOptions())
      .rpn(RegionProposalOptions().depth(2))
      .roi(RoiHeadsOptions().convolutions(4));
}

// clang-format off
const DetectorPreset<YoloxOptions> kYolox[] = {
    {"yolox_nano", yolox(0.33, 0.25).depthwise(true), 416,   0.54,   912159, 25.8, "yolox_nano.pth", 0},
    {"yolox_tiny", yolox(0.33, 0.375),                416,   3.23,  5055855, 32.8, "yolox_tiny.pth", 0},
    {"yolox_s",    yolox(0.33, 0.50),                 640,  13.4,   8968255, 40.5, "yolox_s.pth", 0},
    {"yolox_m",    yolox(0.67, 0.75),                 640,  36.9,  25326495, 46.9, "yolox_m.pth", 0},
    {"yolox_l",    yolox(1.00, 1.00),                 640,  77.8,  54208895, 49.7, "yolox_l.pth", 0},
    {"yolox_x",    yolox(1.33, 1.25),                 640, 141.0,  99071455, 51.1, "yolox_x.pth", 0},
};

const DetectorPreset<FasterRcnnOptions> kFasterRcnn[] = {
    {"fasterrcnn_resnet50_fpn",    first_version(),  0, 134.38,  41755286, 37.0, "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth", 159.743},
    {"fasterrcnn_resnet50_fpn_v2", second_version(), 0, 280.371, 43712278, 46.7, "fasterrcnn_resnet50_fpn_v2_coco-dd69338a.pth", 167.104},
};
// clang-format on

}  // namespace

std::span<const DetectorPreset<YoloxOptions>> yolox_presets() {
  return kYolox;
}
std::span<const DetectorPreset<FasterRcnnOptions>> faster_rcnn_presets() {
  return kFasterRcnn;
}

}  // namespace vitral::cnn
