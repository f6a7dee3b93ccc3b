#include "swin/adapt.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <string>
#include <vector>

#include "swin/position_bias.h"
#include "swin/swin.h"

namespace vitral::swin {
namespace {

constexpr std::int64_t kImageNet22k = 21841;

std::string text(const Size& window) {
  return std::to_string(window[0]) + "x" + std::to_string(window[1]);
}

void note(const AdaptContext& context, const std::string& name, const std::string& what) {
  if (context.log != nullptr) context.log->push_back({name, what});
}

/// The square window that a table of `rows` offsets belongs to; {0, 0} where there is none.
Size window_of(std::int64_t rows) {
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(rows))));
  return side * side == rows && side % 2 == 1 ? Size{(side + 1) / 2, (side + 1) / 2} : Size{0, 0};
}

void adapt_table(at::Tensor& table, const std::string& name, const Size& window, const AdaptContext& context) {
  const Size from = table.dim() == 2 ? window_of(table.size(0)) : Size{0, 0};
  if (from[0] == 0 || from == window) return;  // what does not fit is reported by the loader
  const bool geometric = context.origin == "timm" || context.origin.empty();
  table = geometric ? resample_table_geometric(table, from, window) : resample_table_bicubic(table, from, window);
  note(context, name,
       "bias table of window " + text(from) + " -> " + text(window) +
           (geometric ? ", linear between geometric offsets (timm)" : ", bicubic (Swin-Transformer)"));
}

}  // namespace

void adapt(weights::StateDict& state, Network& model, const AdaptContext& context) {
  for (const auto& item : model.module().named_modules()) {
    const auto* attention = dynamic_cast<const WindowAttentionImpl*>(item.value().get());
    if (attention == nullptr || attention->options.version() == Version::v2) continue;
    const std::string name = item.key() + ".relative_position_bias_table";
    at::Tensor* table = state.find(name);
    if (table != nullptr) adapt_table(*table, name, attention->options.window, context);
  }
}

void adapt_classes(weights::StateDict& state, Network& model, const AdaptContext& context) {
  const auto& head = dynamic_cast<SwinTransformerImpl&>(model).head;
  at::Tensor *weight = state.find("head.fc.weight"), *bias = state.find("head.fc.bias");
  if (context.origin != "original" || head.is_empty() || weight == nullptr || bias == nullptr) return;
  if (weight->dim() != 2 || bias->dim() != 1 || weight->size(0) != bias->size(0)) return;
  const std::int64_t from = weight->size(0), to = head->num_classes;
  if (from == to) return;
  if (from == kImageNet22k && to == static_cast<std::int64_t>(imagenet22k_rows().size())) {
    const auto rows = at::tensor(std::vector<std::int64_t>(imagenet22k_rows().begin(), imagenet22k_rows().end()));
    *weight = weight->index_select(0, rows);
    *bias = bias->index_select(0, rows);
    return note(context, "head.fc", "the 1000 ImageNet-1k classes of 21841");
  }
  *weight = at::zeros({to, weight->size(1)}, weight->options());
  *bias = at::zeros({to}, bias->options());
  note(context, "head.fc", "zeros: " + std::to_string(from) + " classes in the file");
}

}  // namespace vitral::swin
