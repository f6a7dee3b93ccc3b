#include "vit/tnt_register.h"

#include <ATen/ops/zeros.h>

#include <cmath>

#include "common/nn/positions.h"
#include "common/runtime/pretrained_table.h"
#include "vit/tnt.h"

namespace vitral::vit {
namespace {

constexpr std::string_view kPaper = "Han et al. 2021, Transformer in Transformer, arXiv:2103.00112";

struct TntPreset {
  std::string_view name;
  TntOptions options;
  double gmacs;
  std::int64_t params;
};

TntOptions small() {
  return TntOptions().dim(384).heads(6).inner_dim(24);
}
TntOptions base() {
  return TntOptions().dim(640).heads(10).inner_dim(40);
}

// clang-format off
const TntPreset kPresets[] = {
    {"tnt_s_patch16_224",        small(),              5.24, 23768584},
    {"tnt_b_patch16_224",        base(),              14.09, 65428680},
    {"tnt_s_legacy_patch16_224", small().legacy(true), 5.24, 23755336},
};

constexpr PretrainedRow kRows[] = {
    {"tnt_b_patch16_224", "in1k", "", Host::hub, 224, 0.9, Interpolation::bicubic, Statistics::half, 1000, Licence::apache2, 82.864, 96.230},
    {"tnt_b_patch16_224", "huawei", "tnt_b_82.9.pth.tar", Host::tnt, 224, 0.9, Interpolation::bicubic, Statistics::half, 1000, Licence::apache2, 82.9, 96.3},
    {"tnt_s_legacy_patch16_224", "in1k", "", Host::hub, 224, 0.9, Interpolation::bicubic, Statistics::half, 1000, Licence::apache2, 81.512, 95.742},
    {"tnt_s_patch16_224", "in1k", "", Host::hub, 224, 0.9, Interpolation::bicubic, Statistics::half, 1000, Licence::apache2, 81.506, 95.766},
    {"tnt_s_patch16_224", "huawei", "tnt_s_81.5.pth.tar", Host::tnt, 224, 0.9, Interpolation::bicubic, Statistics::half, 1000, Licence::apache2, 81.5, 95.7},
};
// clang-format on

TntOptions with(TntOptions options, const BuildOptions& build) {
  if (build.image_size) options.image_height((*build.image_size)[0]).image_width((*build.image_size)[1]);
  if (build.num_classes) options.num_classes(*build.num_classes);
  return options.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout);
}

/// Patch positions for another size, by timm's rule; the authors have none.
void adapt(weights::StateDict& state, Network& model, const AdaptContext& context) {
  const auto& o = dynamic_cast<TntImpl&>(model).options;
  at::Tensor* table = state.find("patch_pos");
  if (table == nullptr || table->dim() != 3 || table->size(1) < 2 || table->size(1) == 1 + o.patches()) return;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(table->size(1) - 1))));
  if (side * side != table->size(1) - 1) return;  // not a square grid: the mismatch is reported by the loader
  *table =
      nn::resample_positions(*table, {side, side}, {o.grid_rows(), o.grid_columns()}, 1, nn::PositionResample::timm);
  if (context.log == nullptr) return;
  context.log->push_back({"patch_pos", "position table " + std::to_string(side) + "x" + std::to_string(side) + " -> " +
                                           std::to_string(o.grid_rows()) + "x" + std::to_string(o.grid_columns()) +
                                           ", bicubic, antialiased (timm)"});
}

/// The authors' class keeps zeros for the patch tokens among its parameters.
void complete(weights::StateDict& state, Network& model, std::string_view) {
  const auto& o = dynamic_cast<TntImpl&>(model).options;
  state.insert("outer_tokens", at::zeros({1, o.patches(), o.dim()}));
}

}  // namespace

void register_tnt(Registry& registry) {
  for (const auto& preset : kPresets) {
    ModelEntry entry;
    entry.name = preset.name;
    entry.family = "tnt";
    entry.paper = kPaper;
    entry.params = preset.params;
    entry.gmacs = preset.gmacs;
    entry.labels = "imagenet1k";
    entry.pretrained = pretrained_of(preset.name, kRows);
    entry.build = [options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
      return Tnt(with(options, build)).ptr();
    };
    if (!preset.options.legacy()) {  // the authors' code has no such block
      entry.key_maps = tnt_key_maps();
      entry.complete = complete;
    }
    entry.adapt = adapt;
    registry.add(std::move(entry));
  }
}

}  // namespace vitral::vit
