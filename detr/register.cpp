#include "detr/register.h"

#include "common/runtime/pretrained_table.h"
#include "detr/entry.h"
#include "detr/presets.h"
#include "detr/weights.h"

namespace vitral::detr {
namespace {

constexpr std::string_view kPaper =
    "Carion et al. 2020, End-to-End Object Detection with Transformers, arXiv:2005.12872";
constexpr std::string_view kFiles = "https://dl.fbaipublicfiles.com/detr/";
constexpr std::int64_t kPanopticClasses = 250;

/// A file of the authors: the name of the file carries its hash.
Pretrained original(std::string tag, std::string_view file, double mebibytes) {
  Pretrained result;
  result.tag = std::move(tag);
  result.origin = "original";
  result.file = file;
  result.url = std::string(kFiles) + result.file;
  result.hash = hash_in_name(file);
  if (mebibytes > 0) result.size = stated_mebibytes(mebibytes);
  result.licence = to_string(Licence::apache2);
  result.preprocess = detr_preprocess();
  result.num_classes = 91;
  return result;
}

/// The same weights on the hub, as transformers stores them and prepares pictures.
Pretrained hub(const Pretrained& same, std::string repository) {
  auto result = same;
  result.tag = std::move(repository);
  result.origin = same.origin == "original" ? "hf" : "hf-panoptic";
  result.file = "model.safetensors";
  result.url = hub_url(result.tag);
  result.hash.clear();
  result.size.known = SizeKnown::estimated;  // the same numbers in another container
  result.preprocess.rule = ResizeRule::detr_transformers;
  return result;
}

/// The authors' classes and preprocessing for a size that nobody published.
Pretrained untrained() {
  auto result = original("untrained", "", 0);
  result.url.clear();
  return result;
}

std::vector<Pretrained> pretrained_of(const DetrPreset& preset) {
  if (preset.file.empty()) return {untrained()};
  const std::string repository =
      "facebook/detr-resnet-" + std::to_string(preset.depth) + (preset.dilated ? "-dc5" : "");
  auto boxes = original("coco", preset.file, preset.mebibytes);
  boxes.ap = preset.ap;
  boxes.ap50 = preset.ap50;
  std::vector<Pretrained> result{boxes, hub(boxes, repository)};
  if (preset.panoptic_file.empty()) return result;
  auto panoptic = original("coco_panoptic", preset.panoptic_file, preset.panoptic_mebibytes);
  panoptic.origin = "original-panoptic";
  panoptic.num_classes = kPanopticClasses;
  panoptic.ap = preset.panoptic_ap;
  result.push_back(panoptic);
  result.push_back(hub(panoptic, repository + "-panoptic"));
  return result;
}

ModelEntry entry_of(const DetrPreset& preset, const BackboneFactory& make_backbone) {
  auto entry = described(preset, kPaper, "coco91");
  entry.pretrained = pretrained_of(preset);
  entry.key_maps = detr_key_maps();
  BackboneSpec backbone;
  backbone.depth = preset.depth;
  backbone.dilate_last = preset.dilated;
  entry.build = [backbone, make_backbone](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto spec = backbone;
    spec.in_chans = build.in_chans;
    auto options = DetrOptions().backbone(spec).make_backbone(make_backbone).dropout(build.dropout);
    if (build.num_classes) options.num_classes(*build.num_classes);
    return Detr(options).ptr();
  };
  return entry;
}

}  // namespace

void register_detr(Registry& registry, const BackboneFactory& make_backbone) {
  for (const auto& preset : detr_presets()) registry.add(entry_of(preset, make_backbone));
}

}  // namespace vitral::detr
