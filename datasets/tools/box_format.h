/// Boxes whose four numbers were meant another way.
#pragma once

#include <string>
#include <vector>

#include "datasets/readers/open.h"

namespace vitral {

/// A box of a picture; the box as its format's numbers are understood.
struct PlacedBox {
  Box box;
  int width = 0, height = 0;  ///< of the picture
};

/// What the numbers of a split look like if not what the format says: where a tenth or more of the boxes does not fit
/// into its picture as the format reads them, and all but a hundredth does as corners, centre and size, or corner and
/// size. Empty where there is nothing to say (and for fewer than 5 boxes).
std::string other_box_format(DataFormat format, const std::vector<PlacedBox>& boxes);

}  // namespace vitral
