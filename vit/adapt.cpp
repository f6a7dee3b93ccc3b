#include "vit/adapt.h"

#include <cmath>

#include "common/nn/positions.h"
#include "vit/vit.h"

namespace vitral::vit {
namespace {

nn::PositionResample rule_of(const std::string& origin) {
  if (origin == "torchvision") return nn::PositionResample::torchvision;
  if (origin == "hf" || origin == "original") return nn::PositionResample::transformers;
  if (origin == "jax") return nn::PositionResample::jax;
  return nn::PositionResample::timm;
}

std::string_view describe(nn::PositionResample rule) {
  switch (rule) {
    case nn::PositionResample::torchvision: return "bicubic, corners aligned (torchvision)";
    case nn::PositionResample::transformers: return "bicubic, not antialiased (transformers)";
    case nn::PositionResample::jax: return "bilinear, corners aligned (JAX)";
    case nn::PositionResample::timm: break;
  }
  return "bicubic, antialiased (timm)";
}

std::string size_text(const std::array<std::int64_t, 2>& grid) {
  return std::to_string(grid[0]) + "x" + std::to_string(grid[1]);
}

}  // namespace

void adapt(weights::StateDict& state, Network& model, const AdaptContext& context) {
  auto& vit = dynamic_cast<VisionTransformerImpl&>(model);
  at::Tensor* table = state.find("pos_embed");
  if (table == nullptr || table->dim() != 3 || table->size(1) == vit.pos_embed.size(1)) return;
  const std::int64_t prefix = vit.options.positions_with_prefix() ? vit.prefix_tokens() : 0;
  const std::int64_t patches = table->size(1) - prefix;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(std::max<std::int64_t>(patches, 0)))));
  if (patches <= 0 || side * side != patches) return;  // not a square grid: the mismatch is reported by the loader
  const auto rule = rule_of(context.origin);
  *table = nn::resample_positions(*table, {side, side}, vit.grid(), prefix, rule);
  if (context.log != nullptr) {
    context.log->push_back({"pos_embed", "position table " + size_text({side, side}) + " -> " + size_text(vit.grid()) + ", " +
                                             std::string(describe(rule))});
  }
}

}  // namespace vitral::vit
