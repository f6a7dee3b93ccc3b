#include "common/kernels/resample_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/core/error.h"

namespace vitral::kernels {
namespace {

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
  constexpr double kOne = 1 << kResampleBits;
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

}  // namespace

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

namespace {

/// One input with the whole weight for each output.
ResampleWeights nearest_weights(int inputs, int outputs, int begin, int count) {
  ResampleWeights weights;
  weights.taps = 1;
  const auto positions = nearest_inputs(inputs, outputs, begin, count);
  weights.first.assign(positions.begin(), positions.end());
  weights.count.assign(positions.size(), 1);
  weights.weights.assign(positions.size(), 1 << kResampleBits);
  return weights;
}

}  // namespace

ResampleAxis resample_axis(int inputs, int outputs, Interpolation filter, int begin, int count) {
  if (inputs == outputs) return {begin, count, false, {}};
  ResampleAxis axis{0, 0, true,
                    filter == Interpolation::nearest ? nearest_weights(inputs, outputs, begin, count)
                                                     : make_weights(inputs, outputs, filter_of(filter), begin, count)};
  axis.first = axis.weights.first.front();
  axis.extent = axis.weights.first.back() + axis.weights.count.back() - axis.first;
  for (std::int32_t& first : axis.weights.first) first -= axis.first;
  return axis;
}

bool rows_come_first(int from_width, int from_height, int to_width, int to_height) {
  return to_height < from_height && std::int64_t{from_height} - to_height > 2 * (std::int64_t{from_width} - to_width);
}

}  // namespace vitral::kernels
