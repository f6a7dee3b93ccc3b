/// Moving pixels by an affine map, bit for bit as Pillow's Image.transform (13.0) with bilinear or bicubic sampling.
#pragma once

#include "common/core/preprocess.h"
#include "common/image/canvas.h"
#include "datasets/geometry.h"

namespace vitral {

/// A picture of the same size; the pixel at (x, y) is that of `to_source` (x, y) in `picture`, `fill` where that lies
/// outside. Throws Error(usage) for another filter than bilinear and bicubic.
image::Image warp(const image::Image& picture, const Affine& to_source, Interpolation filter, image::Color fill);

/// The way back of a rotation by `degrees` against the clock around the centre.
Affine rotation(double degrees, int width, int height);

}  // namespace vitral
