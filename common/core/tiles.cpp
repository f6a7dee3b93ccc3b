#include "common/core/tiles.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace vitral {
namespace {

/// The first pixels of windows of `size` that cover `length` and share at least `overlap` of their size.
std::vector<int> starts(int length, int size, double overlap) {
  if (size >= length) return {0};
  const int stride = std::max(1, static_cast<int>(std::floor(size * (1.0 - overlap))));
  const int gaps = (length - size + stride - 1) / stride;
  std::vector<int> result;
  for (int i = 0; i <= gaps; ++i) {
    result.push_back(static_cast<int>(std::int64_t{i} * (length - size) / gaps));
  }
  return result;
}

double shared_area(const Box& a, const Box& b) {
  const double width = std::min(a.xmax, b.xmax) - std::max(a.xmin, b.xmin);
  const double height = std::min(a.ymax, b.ymax) - std::max(a.ymin, b.ymin);
  return width > 0 && height > 0 ? width * height : 0.0;
}

constexpr double kEdge = 2.0;  ///< pixels: so near to an edge a box touches it

/// Adds what repeats nothing that is there.
template <class Repeats>
void keep_new(std::vector<ScoredBox>& kept, const std::vector<ScoredBox>& boxes, Repeats repeats) {
  for (const ScoredBox& box : boxes) {
    const auto covers = [&](const ScoredBox& other) {
      return other.class_id == box.class_id && repeats(box.box, other.box);
    };
    if (std::none_of(kept.begin(), kept.end(), covers)) kept.push_back(box);
  }
}

}  // namespace

std::vector<Tile> tiles_of(int width, int height, const Tiling& tiling) {
  std::vector<Tile> tiles;
  for (const int top : starts(height, tiling.height, tiling.overlap)) {
    for (const int left : starts(width, tiling.width, tiling.overlap)) {
      tiles.push_back({left, top, std::min(width, tiling.width), std::min(height, tiling.height)});
    }
  }
  return tiles;
}

bool is_cut(const Box& box, const Tile& tile, int picture_width, int picture_height) {
  const auto touches = [](double side, int edge, int border) {
    return edge != border && std::abs(side - edge) < kEdge;
  };
  return touches(box.xmin, tile.left, 0) || touches(box.ymin, tile.top, 0) ||
         touches(box.xmax, tile.left + tile.width, picture_width) ||
         touches(box.ymax, tile.top + tile.height, picture_height);
}

std::vector<ScoredBox> merged(std::vector<ScoredBox> whole, std::vector<ScoredBox> cut, double iou_limit,
                              double contained) {
  const auto better = [](const ScoredBox& a, const ScoredBox& b) { return a.score > b.score; };
  std::stable_sort(whole.begin(), whole.end(), better);
  std::stable_sort(cut.begin(), cut.end(), [](const auto& a, const auto& b) { return a.box.area() > b.box.area(); });
  std::vector<ScoredBox> kept;
  keep_new(kept, whole, [&](const Box& box, const Box& other) { return iou(box, other) > iou_limit; });
  keep_new(kept, cut, [&](const Box& box, const Box& other) {
    return iou(box, other) > iou_limit || (box.area() > 0 && shared_area(box, other) > contained * box.area());
  });
  std::stable_sort(kept.begin(), kept.end(), better);
  return kept;
}

}  // namespace vitral
