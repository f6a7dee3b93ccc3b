/// Pillow's Image.resize, bit for bit: two passes, each rounded and clamped to 8 bits. The columns are resized first,
/// but the rows of pictures that lose more than twice as many rows as columns (as Pillow 13; older ones never do that).
#pragma once

#include "common/core/preprocess.h"
#include "common/image/image.h"

namespace vitral::image {

/// A rectangle of the resized picture, in its pixels.
struct Window {
  int left = 0, top = 0, width = 0, height = 0;
};

/// `image` resized to width x height. Equal to Pillow's resize((width, height), filter), antialiased when shrinking.
/// Throws Error(usage) for a size below 1.
Image resize(const Image& image, int width, int height, Interpolation filter);

/// The same pixels, but only those inside `window` are computed: crop(resize(…), window). The window must lie inside
/// the resized picture.
Image resize(const Image& image, int width, int height, Interpolation filter, const Window& window);

}  // namespace vitral::image
