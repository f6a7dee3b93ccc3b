/// A part of a picture.
#pragma once

#include <cstring>

#include "common/image/image.h"

namespace vitral::image {

/// The pixels [left, left + width) x [top, top + height), which lie in the picture.
inline Image cropped(const Image& picture, int left, int top, int width, int height) {
  auto part = Image::uninitialized(width, height);
  for (int y = 0; y < height; ++y)
    std::memcpy(part.row(y), picture.row(top + y) + 3 * static_cast<std::size_t>(left), part.stride());
  return part;
}

}  // namespace vitral::image
