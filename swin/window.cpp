#include "swin/window.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace vitral::swin {
namespace {

/// One side of a map cut into windows.
struct Side {
  std::int64_t length, window, shift;
  bool shift_first;  ///< before padding

  std::int64_t windows() const { return (length + window - 1) / window; }
  /// What stands at place `i` of the padded and shifted side: a place of the map, or -1 for padding.
  std::int64_t source(std::int64_t i) const {
    if (shift_first) return i < length ? (i + shift) % length : -1;
    const std::int64_t at = (i + shift) % (windows() * window);
    return at < length ? at : -1;
  }
  /// Kinds of windows along the side: the last one holds two parts that are not neighbours.
  std::int64_t kinds() const { return shift > 0 ? 2 : 1; }
  std::int64_t kind(std::int64_t index) const { return shift > 0 && index == windows() - 1 ? 1 : 0; }
  /// Which part of a window of that kind place `i` of it belongs to.
  bool wrapped(std::int64_t kind, std::int64_t i) const { return kind == 1 && i >= window - shift; }
};

/// Along a side that is covered by one window there is nothing to shift to. timm and transformers' v2 decide that when
/// the network is built, by the size that it is built for.
Size effective_shift(const Size& map, const Window& window, Convention convention, bool v2) {
  const bool row = map[0] <= window.size[0], column = map[1] <= window.size[1];
  if (convention == Convention::torchvision) return {row ? 0 : window.shift[0], column ? 0 : window.shift[1]};
  const bool by_either = convention == Convention::original || (convention == Convention::transformers && !v2);
  return by_either && (row || column) ? Size{0, 0} : window.shift;
}

at::Tensor shift_masks(const Side& rows, const Side& columns, float between) {
  const std::int64_t kinds = rows.kinds() * columns.kinds(), tokens = rows.window * columns.window;
  auto part = at::empty({kinds, tokens}, at::kInt);
  auto* p = part.mutable_data_ptr<std::int32_t>();
  for (std::int64_t row_kind = 0; row_kind < rows.kinds(); ++row_kind) {
    for (std::int64_t column_kind = 0; column_kind < columns.kinds(); ++column_kind) {
      for (std::int64_t y = 0; y < rows.window; ++y) {
        for (std::int64_t x = 0; x < columns.window; ++x) {
          *p++ = 2 * rows.wrapped(row_kind, y) + columns.wrapped(column_kind, x);
        }
      }
    }
  }
  const auto differ = part.unsqueeze(1).ne(part.unsqueeze(2));  // [kinds, N, N]
  return differ.to(at::kFloat).mul_(between).unsqueeze(1);
}

nn::WindowTable window_table(const Side& rows, const Side& columns) {
  const std::int64_t windows = rows.windows() * columns.windows(), tokens = rows.window * columns.window;
  nn::WindowTable table;
  table.tokens = at::empty({windows, tokens}, at::kInt);
  table.mask_kind = at::empty({windows}, at::kInt);
  auto* token = table.tokens.mutable_data_ptr<std::int32_t>();
  auto* kind = table.mask_kind.mutable_data_ptr<std::int32_t>();
  for (std::int64_t i = 0; i < rows.windows(); ++i) {
    for (std::int64_t j = 0; j < columns.windows(); ++j) {
      *kind++ = static_cast<std::int32_t>(rows.kind(i) * columns.kinds() + columns.kind(j));
      for (std::int64_t y = i * rows.window; y < (i + 1) * rows.window; ++y) {
        for (std::int64_t x = j * columns.window; x < (j + 1) * columns.window; ++x) {
          const std::int64_t row = rows.source(y), column = columns.source(x);
          *token++ = row < 0 || column < 0 ? -1 : static_cast<std::int32_t>(row * columns.length + column);
        }
      }
    }
  }
  return table;
}

/// Fills in what follows from `tokens`.
void index_table(nn::WindowTable& table, std::int64_t length) {
  const auto tokens = table.tokens.view({-1}).to(at::kLong);
  const auto padding = tokens.lt(0);
  table.padded = tokens.numel() > length;
  table.gather = tokens.masked_fill(padding, length);
  // Every token of the map stands in exactly one window; the place behind the map takes the padding.
  auto scatter = at::zeros({length + 1}, at::kLong);
  scatter.index_put_({table.gather}, at::arange(tokens.numel(), at::kLong));
  table.scatter = scatter.narrow(0, 0, length).clone();
}

}  // namespace

Convention convention_of(std::string_view origin) {
  if (origin == "torchvision") return Convention::torchvision;
  if (origin == "hf") return Convention::transformers;
  if (origin == "original") return Convention::original;
  return Convention::timm;
}

Window fit_window(std::int64_t wanted, const Size& map, Convention convention, bool v2) {
  const std::int64_t shift = wanted / 2;
  const auto clamped = [&](std::int64_t side) { return std::min(side, wanted); };
  const auto shift_along = [&](std::int64_t side) { return side <= wanted ? 0 : shift; };
  if (convention == Convention::torchvision) return {{wanted, wanted}, {shift, shift}};
  if (convention == Convention::timm) {
    return {{clamped(map[0]), clamped(map[1])}, {shift_along(map[0]), shift_along(map[1])}};
  }
  // transformers' v1 decides about the shift anew for every map that it sees (effective_shift).
  if (convention == Convention::transformers && !v2) {
    return {{clamped(std::min(map[0], map[1])), clamped(std::min(map[0], map[1]))}, {shift, shift}};
  }
  const std::int64_t side = convention == Convention::transformers ? map[0] : std::min(map[0], map[1]);
  return {{clamped(side), clamped(side)}, {shift_along(side), shift_along(side)}};
}

WindowLayout lay_out(const Size& map, const Window& window, bool shifted, Convention convention, bool v2,
                     const at::Device& device) {
  const bool shift_first = convention == Convention::timm;
  const Size shift = shifted ? effective_shift(map, window, convention, v2) : Size{0, 0};
  const Side rows{map[0], window.size[0], shift[0], shift_first},
      columns{map[1], window.size[1], shift[1], shift_first};
  const float between = convention == Convention::transformers && v2 ? -200.0F : -100.0F;
  WindowLayout layout;
  layout.table = window_table(rows, columns);
  index_table(layout.table, map[0] * map[1]);
  for (auto* x : {&layout.table.tokens, &layout.table.mask_kind, &layout.table.gather, &layout.table.scatter}) {
    *x = x->to(device);
  }
  if (rows.kinds() * columns.kinds() > 1) layout.masks = shift_masks(rows, columns, between).to(device);
  return layout;
}

}  // namespace vitral::swin
