// The small networks of this family that travel with the program.
#include "common/runtime/bundled.h"

#include "vit/register.h"
#include "vit/tnt.h"
#include "vit/tnt_register.h"
#include "vit/vit.h"

namespace vitral::vit {
namespace {

template <class Options>
Options with(Options options, const BuildOptions& build) {
  if (build.image_size) options.image_height((*build.image_size)[0]).image_width((*build.image_size)[1]);
  if (build.num_classes) options.num_classes(*build.num_classes);
  return options.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout);
}

}  // namespace

void register_bundled_vit(Registry& registry) {
  const Bundled row{"fashion_vit",   Task::classify,
                    "vit",           "Dosovitskiy et al. 2021, An Image is Worth 16x16 Words, arXiv:2010.11929",
                    "fashion_mnist", 10,
                    0.026,           408010};
  auto entry = bundled_entry(row, fashion_preprocess());
  const auto options = VisionTransformerOptions().patch(4).dim(64).depth(8).heads(4);
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    return VisionTransformer(with(options, build)).ptr();
  };
  registry.add(std::move(entry));
}

void register_bundled_tnt(Registry& registry) {
  const Bundled row{"fashion_tnt",   Task::classify,
                    "tnt",           "Han et al. 2021, Transformer in Transformer, arXiv:2103.00112",
                    "fashion_mnist", 10,
                    0.027,           1151402};
  auto entry = bundled_entry(row, fashion_preprocess());
  const auto options = TntOptions().patch(8).stride(2).dim(96).heads(4).inner_dim(16).inner_heads(2).depth(8);
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    return Tnt(with(options, build)).ptr();
  };
  registry.add(std::move(entry));
}

}  // namespace vitral::vit
