#include "common/runtime/pretrained_table.h"
#include "detr/entry.h"
#include "detr/presets.h"
#include "detr/register.h"
#include "detr/weights.h"

namespace vitral::detr {
namespace {

constexpr std::string_view kPaper =
    "Zhu et al. 2021, Deformable DETR: Deformable Transformers for End-to-End Object Detection, arXiv:2010.04159";

/// The authors publish their files on a shared drive only, so the hub's copy is the one that is named.
Pretrained hub(const DeformableDetrPreset& preset) {
  Pretrained result;
  result.tag = preset.hub;
  result.origin = "hf";
  result.file = "model.safetensors";
  result.url = hub_url(result.tag);
  result.licence = to_string(Licence::apache2);
  result.preprocess = detr_preprocess();
  result.preprocess.rule = ResizeRule::detr_transformers;
  result.num_classes = 91;
  result.ap = preset.ap;
  return result;
}

Pretrained authors(const DeformableDetrPreset& preset) {
  auto result = hub(preset);
  result.tag = "coco";
  result.origin = "original";
  result.file.clear();
  result.url.clear();
  result.preprocess = detr_preprocess();
  return result;
}

/// Heads that a strict reader of the authors' wants under further names: shared ones once a layer, others under the
/// decoder.
void repeat_heads(weights::StateDict& state, const DeformableDetrOptions& options) {
  for (const auto& name : state.keys()) {
    const bool classes = name.starts_with("class_embed.");
    if (!classes && !name.starts_with("bbox_embed.")) continue;
    const auto tensor = state[name];
    const auto dot = name.find('.'), rest = name.find('.', dot + 1);
    if (!options.refine()) {
      for (std::int64_t i = 1; i < options.decoder_depth(); ++i) {
        state.insert(name.substr(0, dot + 1) + std::to_string(i) + name.substr(rest), tensor);
      }
    } else if (!classes || options.two_stage()) {
      state.insert("transformer.decoder." + name, tensor);
    }
  }
}

ModelEntry entry_of(const DeformableDetrPreset& preset, const BackboneFactory& make_backbone) {
  auto entry = described(preset, kPaper, "coco91");
  entry.pretrained = {authors(preset), hub(preset)};
  entry.key_maps = deformable_detr_key_maps(!preset.refine);
  const auto options = options_of(preset).make_backbone(make_backbone);
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = options;
    wanted.backbone().in_chans = build.in_chans;
    wanted.layer().dropout(build.dropout);
    if (build.num_classes) wanted.num_classes(*build.num_classes);
    return DeformableDetr(wanted).ptr();
  };
  entry.complete = [](weights::StateDict& state, Network& net, std::string_view origin) {
    if (origin == "original") repeat_heads(state, dynamic_cast<DeformableDetrImpl&>(net).options);
  };
  return entry;
}

}  // namespace

void register_deformable_detr(Registry& registry, const BackboneFactory& make_backbone) {
  for (const auto& preset : deformable_detr_presets()) registry.add(entry_of(preset, make_backbone));
}

}  // namespace vitral::detr
