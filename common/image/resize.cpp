#include "common/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/kernels/resize.h"

namespace vitral::image {
namespace {

using kernels::ResampleWeights;

double sinc(double x) {
  return x == 0.0 ? 1.0 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi);
}

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double triangle(double x) {
  return std::abs(x) < 1.0 ? 1.0 - std::abs(x) : 0.0;
}

double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  return x < 1.0 ? sinc(x) * (0.54F + 0.46F * std::cos(x * std::numbers::pi)) : 0.0;  // floats as in Pillow
}

/// Keys 1981 with a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
}

double lanczos(double x) {
  return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

struct Filter {
  double (*weight)(double x);
  double support;  ///< in inputs when enlarging, in outputs when shrinking
};

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::box:
      return {box, 0.5};
    case Interpolation::bilinear:
      return {triangle, 1.0};
    case Interpolation::hamming:
      return {hamming, 1.0};
    case Interpolation::bicubic:
      return {cubic, 2.0};
    case Interpolation::lanczos:
      return {lanczos, 3.0};
    case Interpolation::nearest:
      break;
  }
  throw Error(ErrorKind::failed, "resize", "this filter has no weights");
}

std::int32_t fixed_point(double weight) {
  constexpr double kOne = 1 << kernels::kResampleBits;
  return static_cast<std::int32_t>(weight < 0 ? -0.5 + weight * kOne : 0.5 + weight * kOne);
}

/// Weights of outputs [begin, begin + count) of `outputs` that are made of `inputs`.
ResampleWeights make_weights(int inputs, int outputs, const Filter& filter, int begin, int count) {
  const double scale = static_cast<double>(inputs) / outputs;
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter.support * filter_scale;
  ResampleWeights weights;
  weights.taps = std::min(static_cast<int>(std::ceil(support)) * 2 + 1, inputs);
  weights.first.resize(static_cast<std::size_t>(count));
  weights.count.resize(static_cast<std::size_t>(count));
  weights.weights.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(weights.taps));
  std::vector<double> exact(static_cast<std::size_t>(weights.taps));
  for (std::size_t i = 0; i < weights.first.size(); ++i) {
    const double center = (begin + static_cast<int>(i) + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), inputs);
    double sum = 0.0;
    for (int x = first; x < end; ++x) {
      const double weight = filter.weight((x - center + 0.5) * (1.0 / filter_scale));
      exact[static_cast<std::size_t>(x - first)] = weight;
      sum += weight;
    }
    std::int32_t* fixed = weights.weights.data() + i * static_cast<std::size_t>(weights.taps);
    for (int x = 0; x < end - first; ++x) {
      const double weight = exact[static_cast<std::size_t>(x)];
      fixed[x] = fixed_point(sum != 0.0 ? weight / sum : weight);
    }
    weights.first[i] = first;
    weights.count[i] = end - first;
  }
  return weights;
}

/// Inputs of outputs [begin, begin + count) for the nearest filter: the position is summed up from 0 on, not
/// multiplied, as Pillow does it (the two differ where a position falls on an integer).
std::vector<int> nearest_inputs(int inputs, int outputs, int begin, int count) {
  const double scale = static_cast<double>(inputs) / outputs;
  std::vector<int> positions;
  positions.reserve(static_cast<std::size_t>(count));
  double position = scale * 0.5;
  for (int i = 0; i < begin + count; ++i, position += scale) {
    if (i >= begin) positions.push_back(std::min(static_cast<int>(position), inputs - 1));
  }
  return positions;
}

Image resize_nearest(const Image& image, int width, int height, const Window& window) {
  const std::vector<int> columns = nearest_inputs(image.width, width, window.left, window.width);
  const std::vector<int> rows = nearest_inputs(image.height, height, window.top, window.height);
  Image out = Image::uninitialized(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    const std::uint8_t* from = image.row(rows[static_cast<std::size_t>(y)]);
    std::uint8_t* to = out.row(y);
    for (const int x : columns) to = std::copy_n(from + static_cast<std::size_t>(x) * 3, 3, to);
  }
  return out;
}

/// One direction of a resize: which inputs the window needs, and the weights counted from the first of them.
struct Axis {
  int first = 0, extent = 0;
  bool changes = false;
  ResampleWeights weights;
};

Axis make_axis(int inputs, int outputs, const Filter& filter, int begin, int count) {
  if (inputs == outputs) return {begin, count, false, {}};
  Axis axis{0, 0, true, make_weights(inputs, outputs, filter, begin, count)};
  axis.first = axis.weights.first.front();
  axis.extent = axis.weights.first.back() + axis.weights.count.back() - axis.first;
  for (std::int32_t& first : axis.weights.first) first -= axis.first;
  return axis;
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

Strip along_columns(Strip strip, const Axis& axis) {
  if (!axis.changes) return strip;
  const int columns = axis.weights.outputs();
  const std::size_t stride = static_cast<std::size_t>(columns) * 3 + kernels::kRowSlack;
  Pixels memory(stride * static_cast<std::size_t>(strip.rows));
  kernels::resample_columns(strip.pixels, strip.rows, axis.weights, {memory.data(), stride});
  return own(std::move(memory), stride, columns, strip.rows);
}

Strip along_rows(Strip strip, const Axis& axis) {
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

/// Which pass comes first shows in the last bit: both round. Pillow 13 begins with the rows of pictures that lose more
/// than twice as many rows as columns; older ones always began with the columns.
bool rows_first(const Image& image, int width, int height) {
  return height < image.height && std::int64_t{image.height} - height > 2 * (std::int64_t{image.width} - width);
}

Image resize_filtered(const Image& image, int width, int height, const Filter& filter, const Window& window) {
  const Axis x = make_axis(image.width, width, filter, window.left, window.width);
  const Axis y = make_axis(image.height, height, filter, window.top, window.height);
  Strip strip{{image.row(y.first) + static_cast<std::size_t>(x.first) * 3, image.stride()}, x.extent, y.extent, {}};
  if (rows_first(image, width, height)) return image_of(along_columns(along_rows(std::move(strip), y), x));
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
  return resize_filtered(image, width, height, filter_of(filter), window);
}

}  // namespace vitral::image
