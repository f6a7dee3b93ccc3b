// The small networks of this family that travel with the program.
#include "common/runtime/bundled.h"

#include "cnn/faster_rcnn.h"
#include "cnn/register.h"
#include "cnn/weights.h"
#include "cnn/yolox.h"

namespace vitral::cnn {
namespace {

/// A ResNet of basic blocks, narrow.
ResNetOptions narrow() {
  return ResNetOptions().block(BlockKind::basic).depths({2, 2, 2, 2}).width(16);
}

}  // namespace

void register_bundled_resnet(Registry& registry) {
  const Bundled row{"fashion_resnet",
                    Task::classify,
                    "cnn",
                    "He et al. 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385",
                    "fashion_mnist",
                    10,
                    0.035,
                    701466};
  auto entry = bundled_entry(row, fashion_preprocess());
  const auto options = narrow().small_pictures(true);
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = options;
    if (build.num_classes) wanted.num_classes(*build.num_classes);
    return ResNet(wanted.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout)).ptr();
  };
  registry.add(std::move(entry));
}

void register_bundled_detectors(Registry& registry) {
  const Bundled faster{
      "scenes_fasterrcnn",
      Task::detect,
      "cnn",
      "Ren et al. 2015, Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks, "
      "arXiv:1506.01497",
      "fashion_scenes",
      11,
      0.274,
      1328470};
  auto spec = faster_rcnn_preprocess();
  spec.resize = 160;
  spec.longest = 267;
  auto entry = bundled_entry(faster, spec);
  entry.key_maps = faster_rcnn_key_maps();
  const auto options =
      FasterRcnnOptions()
          .body(narrow().levels({1, 2, 3, 4}).num_classes(0))
          .rpn(RegionProposalOptions().channels(64).sizes({16, 32, 64, 128, 256}).before_nms(300).after_nms(100))
          .roi(RoiHeadsOptions().channels(64).hidden(128));
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = options;
    wanted.roi().num_classes(build.num_classes.value_or(11));
    return FasterRcnn(wanted).ptr();
  };
  registry.add(std::move(entry));

  const Bundled yolox{
      "scenes_yolox",   Task::detect, "cnn", "Ge et al. 2021, YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430",
      "fashion_scenes", 10,           0.122, 1264965};
  auto second = bundled_entry(yolox, yolox_preprocess(160));
  second.key_maps = yolox_key_maps();
  const auto size = YoloxOptions().depth(0.33).width(0.1875);
  second.build = [size](const BuildOptions& build) -> std::shared_ptr<Network> {
    return Yolox(YoloxOptions(size).num_classes(build.num_classes.value_or(10))).ptr();
  };
  registry.add(std::move(second));
}

}  // namespace vitral::cnn
