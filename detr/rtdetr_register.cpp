#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "common/runtime/pretrained_table.h"
#include "detr/entry.h"
#include "detr/presets.h"
#include "detr/register.h"
#include "detr/weights.h"

namespace vitral::detr {
namespace {

constexpr std::string_view kPaper =
    "Zhao et al. 2024, DETRs Beat YOLOs on Real-time Object Detection, arXiv:2304.08069";
constexpr std::string_view kPaperV2 =
    "Lv et al. 2024, RT-DETRv2: Improved Baseline with Bag-of-Freebies for Real-Time Detection Transformer, "
    "arXiv:2407.17140";
constexpr std::string_view kFiles = "https://github.com/lyuwenyu/storage/releases/download/";

std::vector<Pretrained> pretrained_of(const RtDetrPreset& preset) {
  std::vector<Pretrained> result;
  for (const auto& each : preset.files) {
    Pretrained original;
    original.tag = each.tag;
    original.origin = "original";
    original.file = each.file;
    original.url = std::string(kFiles) + std::string(each.release) + "/" + original.file;
    original.licence = to_string(Licence::apache2);
    original.preprocess = rtdetr_preprocess();
    original.num_classes = 80;
    original.ap = each.ap;
    original.ap50 = each.ap50;
    result.push_back(original);
    if (each.hub.empty()) continue;
    auto hub = original;
    hub.tag = each.hub;
    hub.origin = "hf";
    hub.file = "model.safetensors";
    hub.url = hub_url(hub.tag);
    result.push_back(hub);
  }
  return result;
}

/// The counters of all norms that count in the origin's own network: a strict reader wants them.
void count_batches(weights::StateDict& state, bool backbone_counts) {
  static constexpr std::string_view kVariance = "running_var";
  for (const auto& name : state.keys()) {
    if (!name.ends_with(kVariance)) continue;
    const bool in_backbone = name.starts_with("backbone.") || name.starts_with("model.backbone.");
    if (in_backbone && !backbone_counts) continue;
    const std::string counter = name.substr(0, name.size() - kVariance.size()) + "num_batches_tracked";
    if (!state.contains(counter)) state.insert(counter, at::zeros({}, at::kLong));
  }
}

/// Version 2 stores what it could compute: how far the points of a box may lie, and the authors the anchors at 640x640.
void add_constants(weights::StateDict& state, RtDetrImpl& net, bool authors) {
  const std::int64_t points = net.options.points(), samples = 3 * points;
  const auto scale = at::ones({samples}) / static_cast<double>(points);
  for (std::int64_t i = 0; i < net.options.depth(); ++i) {
    const auto layer = std::to_string(i);
    state.insert(authors ? "decoder.decoder.layers." + layer + ".cross_attn.num_points_scale"
                         : "model.decoder.layers." + layer + ".encoder_attn.n_points_scale",
                 scale.clone());
  }
  if (!authors) return;
  Memory memory;
  memory.levels = {{80, 80}, {40, 40}, {20, 20}};
  memory.tokens = at::zeros({1, 0, 1});
  const auto anchors = net.decoder->anchors_of(memory);
  state.insert("decoder.anchors", anchors.logits);
  state.insert("decoder.valid_mask", anchors.valid);
}

ModelEntry entry_of(const RtDetrPreset& preset, const BackboneFactory& make_backbone) {
  auto entry = described(preset, preset.version == 1 ? kPaper : kPaperV2, "coco80");
  entry.pretrained = pretrained_of(preset);
  entry.key_maps = rtdetr_key_maps(preset.version);
  const auto options = options_of(preset).make_backbone(make_backbone);
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = options;
    auto backbone = options.backbone();
    backbone.in_chans = build.in_chans;
    wanted.backbone(backbone).dropout(build.dropout);
    if (build.num_classes) wanted.num_classes(*build.num_classes);
    return RtDetr(wanted).ptr();
  };
  entry.complete = [version = preset.version](weights::StateDict& state, Network& net, std::string_view origin) {
    auto& rtdetr = dynamic_cast<RtDetrImpl&>(net);
    const bool authors = origin == "original";
    count_batches(state, authors && !rtdetr.options.backbone().frozen);
    if (version == 2) add_constants(state, rtdetr, authors);
  };
  return entry;
}

}  // namespace

void register_rtdetr(Registry& registry, const BackboneFactory& make_backbone) {
  for (const auto& preset : rtdetr_presets()) registry.add(entry_of(preset, make_backbone));
}

}  // namespace vitral::detr
