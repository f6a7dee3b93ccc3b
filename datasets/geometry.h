/// Moving boxes with their pixels.
#pragma once

#include <array>

#include "datasets/sample.h"

namespace vitral {

/// Cuts the boxes at the edges of sample.width x sample.height and leaves out objects without any area then. A mask's
/// area shrinks as its box does.
void clip_objects(Sample& sample);

/// x' = scale_x * x + shift_x and the same for y, for every box.
void move_objects(Sample& sample, double scale_x, double scale_y, double shift_x, double shift_y);

/// Where pixels go: (x, y) -> (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]).
using Affine = std::array<double, 6>;

/// The way back. Throws Error(failed) where there is none.
Affine inverse(const Affine& matrix);

/// Each box becomes the upright one around its moved corners.
void move_objects(Sample& sample, const Affine& matrix);

}  // namespace vitral
