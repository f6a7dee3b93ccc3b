#include "common/image/resize.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/kernels/resample_plan.h"

namespace vitral::image {
namespace {

using kernels::ResampleAxis;

Image resize_nearest(const Image& image, int width, int height, const Window& window) {
  const std::vector<int> columns = kernels::nearest_inputs(image.width, width, window.left, window.width);
  const std::vector<int> rows = kernels::nearest_inputs(image.height, height, window.top, window.height);
  Image out = Image::uninitialized(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    const std::uint8_t* from = image.row(rows[static_cast<std::size_t>(y)]);
    std::uint8_t* to = out.row(y);
    for (const int x : columns) to = std::copy_n(from + static_cast<std::size_t>(x) * 3, 3, to);
  }
  return out;
}

/// Rows of pixels, in somebody's memory or its own.
struct Strip {
  kernels::ConstPixelRows pixels;
  int columns = 0, rows = 0;
  Pixels memory;
};

Strip own(Pixels memory, std::size_t stride, int columns, int rows) {
  Strip strip{{nullptr, stride}, columns, rows, std::move(memory)};
  strip.pixels.data = strip.memory.data();
  return strip;
}

Strip along_columns(Strip strip, const ResampleAxis& axis) {
  if (!axis.changes) return strip;
  const int columns = axis.weights.outputs();
  const std::size_t stride = static_cast<std::size_t>(columns) * 3 + kernels::kRowSlack;
  Pixels memory(stride * static_cast<std::size_t>(strip.rows));
  kernels::resample_columns(strip.pixels, strip.rows, axis.weights, {memory.data(), stride});
  return own(std::move(memory), stride, columns, strip.rows);
}

Strip along_rows(Strip strip, const ResampleAxis& axis) {
  if (!axis.changes) return strip;
  const std::size_t stride = static_cast<std::size_t>(strip.columns) * 3;
  Pixels memory(stride * axis.weights.first.size());
  kernels::resample_rows(strip.pixels, static_cast<int>(stride), axis.weights, {memory.data(), stride});
  return own(std::move(memory), stride, strip.columns, axis.weights.outputs());
}

Image image_of(Strip strip) {
  const std::size_t stride = static_cast<std::size_t>(strip.columns) * 3;
  if (!strip.memory.empty() && strip.pixels.stride == stride)
    return {strip.columns, strip.rows, std::move(strip.memory)};
  Image out = Image::uninitialized(strip.columns, strip.rows);
  for (int y = 0; y < out.height; ++y) {
    std::memcpy(out.row(y), strip.pixels.data + static_cast<std::size_t>(y) * strip.pixels.stride, stride);
  }
  return out;
}

Image resize_filtered(const Image& image, int width, int height, Interpolation filter, const Window& window) {
  const ResampleAxis x = kernels::resample_axis(image.width, width, filter, window.left, window.width);
  const ResampleAxis y = kernels::resample_axis(image.height, height, filter, window.top, window.height);
  Strip strip{{image.row(y.first) + static_cast<std::size_t>(x.first) * 3, image.stride()}, x.extent, y.extent, {}};
  if (kernels::rows_come_first(image.width, image.height, width, height)) {
    return image_of(along_columns(along_rows(std::move(strip), y), x));
  }
  return image_of(along_rows(along_columns(std::move(strip), x), y));
}

void check(const Image& image, int width, int height, const Window& window) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (image.width < 1 || image.height < 1 || width < 1 || height < 1) {
    throw Error(
        ErrorKind::usage, "resize",
        "can't resize " + std::to_string(image.width) + "x" + std::to_string(image.height) + " pixels to " + size);
  }
  if (window.left < 0 || window.top < 0 || window.width < 1 || window.height < 1 ||
      window.width > width - window.left || window.height > height - window.top) {
    throw Error(ErrorKind::failed, "resize", "the window leaves the resized picture of " + size + " pixels");
  }
}

}  // namespace

Image resize(const Image& image, int width, int height, Interpolation filter) {
  return resize(image, width, height, filter, {0, 0, width, height});
}

Image resize(const Image& image, int width, int height, Interpolation filter, const Window& window) {
  check(image, width, height, window);
  if (filter == Interpolation::nearest) return resize_nearest(image, width, height, window);
  return resize_filtered(image, width, height, filter, window);
}

}  // namespace vitral::image
