#include "vit/register.h"

#include "vit/adapt.h"
#include "vit/presets.h"
#include "vit/weights.h"

namespace vitral::vit {
namespace {

VisionTransformerOptions with(VisionTransformerOptions options, const BuildOptions& build) {
  if (build.image_size) options.image_height((*build.image_size)[0]).image_width((*build.image_size)[1]);
  if (build.num_classes) options.num_classes(*build.num_classes);
  // transformers' models norm with 1e-12 where everybody else has 1e-6.
  if (build.origin == "hf") options.norm_eps(1e-12);
  return options.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout);
}

}  // namespace

void register_vit(Registry& registry) {
  for (const auto& preset : presets()) {
    ModelEntry entry;
    entry.name = preset.name;
    entry.aliases = aliases_of(preset.name, torchvision_rows());
    entry.family = "vit";
    entry.paper = preset.paper;
    entry.params = preset.params;
    entry.gmacs = preset.gmacs;
    entry.features = preset.options.dim();
    entry.labels = "imagenet1k";
    entry.pretrained = pretrained_of(preset.name, pretrained_rows(), torchvision_rows(), hub_rows());
    entry.build = [options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
      return VisionTransformer(with(options, build)).ptr();
    };
    entry.key_maps = key_maps();
    entry.adapt = adapt;
    if (preset.options.positions_with_prefix()) entry.same_layout = {"original"};  // DeiT's files; DeiT-III's differ
    for (const std::string prefix : {"", "opt/target/", "params/", "params/img/", "img/"}) {
      entry.stacked.emplace_back(prefix + "Transformer/encoderblock/", prefix + "Transformer/encoderblock_{i}/");
    }
    registry.add(std::move(entry));
  }
}

}  // namespace vitral::vit
