#include "swin/buffers.h"

#include <ATen/ops/arange.h>

#include <string>

#include "swin/position_bias.h"
#include "swin/swin.h"

namespace vitral::swin {
namespace {

/// [N, N] int64: the row of the bias table for each pair of query and key.
at::Tensor position_index(const Size& window) {
  const std::int64_t offsets = (2 * window[0] - 1) * (2 * window[1] - 1);
  return bias_from_table(at::arange(offsets, at::kLong).unsqueeze(1), window).squeeze(0);
}

/// [1, 2h - 1, 2w - 1, 2]
at::Tensor offset_table(const WindowAttentionOptions& o) {
  return log_offsets(o.window, o.pretrained_window()).view({1, 2 * o.window[0] - 1, 2 * o.window[1] - 1, 2});
}

/// [windows, N, N], or undefined where nothing is masked.
at::Tensor shift_mask(const StageOptions& o, const Size& map, bool shifted) {
  const auto layout = lay_out(map, o.window, shifted, Convention::original, false, at::kCPU);
  return layout.masks.defined() ? layout.masks.squeeze(1).index_select(0, layout.table.mask_kind) : at::Tensor();
}

}  // namespace

void complete(weights::StateDict& state, Network& model, std::string_view origin) {
  const bool torchvision = origin == "torchvision";
  if (!torchvision && origin != "original") return;
  auto& net = dynamic_cast<SwinTransformerImpl&>(model);
  for (std::size_t s = 0; s < net.layers->size(); ++s) {
    auto& stage = *net.layers[s]->as<Stage>();
    for (std::size_t b = 0; b < stage.blocks->size(); ++b) {
      const auto& o = stage.blocks[b]->as<Block>()->attn->options;
      const std::string block = torchvision ? "features." + std::to_string(2 * s + 1) + "." + std::to_string(b)
                                            : "layers." + std::to_string(s) + ".blocks." + std::to_string(b);
      const auto index = position_index(o.window);
      state.insert(block + ".attn.relative_position_index", torchvision ? index.flatten() : index);
      if (o.version() == Version::v2) state.insert(block + ".attn.relative_coords_table", offset_table(o));
      const auto mask = torchvision ? at::Tensor() : shift_mask(stage.options, net.grid(s), b % 2 == 1);
      if (mask.defined()) state.insert(block + ".attn_mask", mask);
    }
  }
}

}  // namespace vitral::swin
