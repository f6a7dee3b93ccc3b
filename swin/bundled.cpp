// The small network of this family that travels with the program.
#include "common/runtime/bundled.h"

#include "swin/adapt.h"
#include "swin/register.h"
#include "swin/swin.h"

namespace vitral::swin {

void register_bundled_swin(Registry& registry) {
  const Bundled row{"fashion_swin",  Task::classify,
                    "swin",          "Liu et al. 2021, Swin Transformer, arXiv:2103.14030",
                    "fashion_mnist", 10,
                    0.031,           1887910};
  auto entry = bundled_entry(row, fashion_preprocess());
  const auto options =
      SwinTransformerOptions().patch(2).dim(32).depths({2, 2, 4, 1}).heads({2, 4, 8, 16}).windows({4, 4, 4, 2});
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = options;
    if (build.image_size) wanted.image_height((*build.image_size)[0]).image_width((*build.image_size)[1]);
    if (build.num_classes) wanted.num_classes(*build.num_classes);
    return SwinTransformer(wanted.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout)).ptr();
  };
  entry.adapt = adapt;
  registry.add(std::move(entry));
}

}  // namespace vitral::swin
