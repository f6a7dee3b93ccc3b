#include "swin/register.h"

#include "swin/adapt.h"
#include "swin/buffers.h"
#include "swin/presets.h"
#include "swin/weights.h"

namespace vitral::swin {
namespace {

SwinTransformerOptions with(SwinTransformerOptions options, const BuildOptions& build) {
  if (build.image_size) options.image_height((*build.image_size)[0]).image_width((*build.image_size)[1]);
  if (build.num_classes) options.num_classes(*build.num_classes);
  options.convention(convention_of(build.origin));
  return options.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout);
}

}  // namespace

void register_swin(Registry& registry) {
  for (const auto& preset : presets()) {
    ModelEntry entry;
    entry.name = preset.name;
    entry.aliases = aliases_of(preset.name, torchvision_rows());
    entry.family = "swin";
    entry.paper = preset.paper;
    entry.params = preset.params;
    entry.gmacs = preset.gmacs;
    entry.features = 8 * preset.options.dim();
    entry.labels = "imagenet1k";
    entry.pretrained = pretrained_of(preset.name, pretrained_rows(), torchvision_rows(), hub_rows());
    entry.build = [options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
      return SwinTransformer(with(options, build)).ptr();
    };
    entry.key_maps = key_maps(preset.options.version());
    entry.adapt = adapt;
    entry.adapt_classes = adapt_classes;
    entry.complete = complete;
    registry.add(std::move(entry));
  }
}

}  // namespace vitral::swin
