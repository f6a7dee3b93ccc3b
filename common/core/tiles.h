/// Large pictures in overlapping tiles, and what is found in them as one result.
#pragma once

#include <vector>

#include "common/core/box.h"

namespace vitral {

struct Tiling {
  int width = 640, height = 640;  ///< pixels of one tile
  double overlap = 0.2;           ///< least share of a tile's side that neighbours have in common, 0 to below 1
};

struct Tile {
  int left = 0, top = 0, width = 0, height = 0;  ///< pixels
  bool operator==(const Tile&) const = default;
};

/// Tiles that cover a picture, row by row, all of one size (smaller where the picture is) and evenly spread. One tile
/// where the picture is no larger than that. Requires positive sizes.
std::vector<Tile> tiles_of(int width, int height, const Tiling& tiling);

/// True where a box of a tile, in pixels of the picture, touches an edge of the tile inside the picture: it may be cut
/// off.
bool is_cut(const Box& box, const Tile& tile, int picture_width, int picture_height);

/// One result out of what several tiles saw. Among `whole` a box goes when its IoU with a better one of its class is
/// above `iou`. Of `cut` ones, largest first, one goes as well when more than the share `contained` of it lies in a box
/// of its class that stays, whatever the scores: that one saw more of the object. Best first; scores are numbers.
/// Quadratic in the boxes.
std::vector<ScoredBox> merged(std::vector<ScoredBox> whole, std::vector<ScoredBox> cut, double iou, double contained);

}  // namespace vitral
