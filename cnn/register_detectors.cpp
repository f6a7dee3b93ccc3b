#include <utility>

#include "cnn/detector_presets.h"
#include "cnn/register.h"
#include "cnn/weights.h"
#include "common/core/error.h"
#include "common/runtime/pretrained_table.h"

namespace vitral::cnn {
namespace {

constexpr std::string_view kYoloxPaper = "Ge et al. 2021, YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430";
constexpr std::string_view kFasterRcnnPaper =
    "Ren et al. 2015, Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks, arXiv:1506.01497";
constexpr std::string_view kSecondPaper =
    "Li et al. 2021, Benchmarking Detection Transfer Learning with Vision Transformers, arXiv:2111.11429";

/// Counters belong to norms that follow their batches: a file with them is read as such a network's.
void count_where_learnt(weights::StateDict& state, Network& network, std::string_view) {
  const auto* faster = dynamic_cast<FasterRcnnImpl*>(&network);
  if (faster == nullptr || faster->options.body().norm() == nn::NormKind::batch) count_batches(state);
}

template <class Options>
ModelEntry entry_of(const DetectorPreset<Options>& preset) {
  ModelEntry entry;
  entry.name = preset.name;
  entry.task = Task::detect;
  entry.family = "cnn";
  entry.params = preset.params;
  entry.gmacs = preset.gmacs;
  entry.complete = count_where_learnt;
  Pretrained file;
  file.file = preset.file;
  file.ap = preset.ap;
  if (preset.mebibytes > 0) file.size = stated_mebibytes(preset.mebibytes);
  entry.pretrained = {std::move(file)};
  return entry;
}

/// These take pictures of three colours.
void check(const ModelEntry& entry, const BuildOptions& build) {
  if (build.in_chans == 3) return;
  throw Error(ErrorKind::usage, "model " + entry.name, "takes 3 channels, not " + std::to_string(build.in_chans));
}

ModelEntry yolox(const DetectorPreset<YoloxOptions>& preset) {
  auto entry = entry_of(preset);
  entry.paper = kYoloxPaper;
  entry.labels = "coco80";
  entry.key_maps = yolox_key_maps();
  auto& file = entry.pretrained.front();
  file.tag = file.origin = "original";
  file.url = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/" + file.file;
  file.licence = "Apache-2.0";
  file.preprocess = yolox_preprocess(preset.side);
  file.num_classes = 80;
  // The momentum of their training is in these files: yolox_s.pth is stated to have 71.4 MB, twice its numbers.
  file.size = estimated_of(2 * preset.params);
  entry.build = [entry, options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
    check(entry, build);
    return Yolox(YoloxOptions(options).num_classes(build.num_classes.value_or(options.num_classes()))).ptr();
  };
  return entry;
}

/// torchvision makes the first version of ordinary batch norms where it is trained from nothing; published, and trained
/// on from there, it has frozen ones.
FasterRcnnOptions follow(FasterRcnnOptions options, const BuildOptions& build) {
  options.roi().num_classes(build.num_classes.value_or(options.roi().num_classes()));
  if (build.origin == kTorchvisionTrained) options.body().norm(nn::NormKind::batch).norm_eps(1e-5);
  return options;
}

ModelEntry faster_rcnn(const DetectorPreset<FasterRcnnOptions>& preset) {
  auto entry = entry_of(preset);
  const bool first = preset.options.body().norm() == nn::NormKind::frozen;
  entry.paper = first ? kFasterRcnnPaper : kSecondPaper;
  entry.labels = "coco91";
  entry.key_maps = first ? faster_rcnn_key_maps() : faster_rcnn_v2_key_maps();
  entry.same_layout = {"torchvision"};
  auto& file = entry.pretrained.front();
  file.tag = "coco_v1";
  file.origin = "torchvision";
  file.url = url(Host::torchvision, file.file, {});
  file.hash = hash_in_name(file.file);
  file.licence = to_string(Licence::bsd3);
  file.preprocess = faster_rcnn_preprocess();
  file.num_classes = 91;
  entry.build = [entry, options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
    check(entry, build);
    return FasterRcnn(follow(options, build)).ptr();
  };
  return entry;
}

}  // namespace

void register_cnn_detectors(Registry& registry) {
  for (const auto& preset : faster_rcnn_presets()) registry.add(faster_rcnn(preset));
  for (const auto& preset : yolox_presets()) registry.add(yolox(preset));
}

}  // namespace vitral::cnn
