#include <cstring>

#include "common/kernels/winograd_plan.h"

namespace vitral::kernels {
namespace {

/// A unit of the shape's format: one number, or the bf16 pair of `low` and `high`.
std::uint32_t word(DType dtype, float low, float high) {
  if (dtype == DType::f32) return as_bits(low);
  return static_cast<std::uint32_t>(from_float<Bf16>(high).bits) << 16 | from_float<Bf16>(low).bits;
}

/// Words from one line of a pair of panels to the next: the last pair may be a single panel, whose lines lie closer.
std::int64_t line_words(const ConvShape& shape, std::int64_t pair) {
  return shape.out_channels - pair * kPanelPair > kPanelPair / 2 ? kPanelPair : kPanelPair / 2;
}

/// Lines are [pair][tap][unit]; number(out, tap, i) is what the i-th number of the tap is multiplied with.
template <class F>
void pack_lines(const ConvShape& shape, const ConvPlan& plan, F number, std::uint32_t* to) {
  const std::int64_t per_unit = shape.dtype == DType::f32 ? 1 : 2;
  for (std::int64_t out = 0; out < shape.out_channels; ++out) {
    const std::int64_t pair = out / kPanelPair;
    std::uint32_t* const lane = to + pair * plan.pair_words() + out % kPanelPair;
    for (std::int64_t line = 0; line < plan.taps * plan.units; ++line) {
      const std::int64_t tap = line / plan.units;
      const std::int64_t i = line % plan.units * per_unit;
      const float high = per_unit == 2 ? number(out, tap, i + 1) : 0.0F;
      lane[line * line_words(shape, pair)] = word(shape.dtype, number(out, tap, i), high);
    }
  }
}

void pack_direct(const ConvShape& shape, const float* weight, std::uint32_t* to) {
  const ConvPlan plan(shape);
  const auto number = [&](std::int64_t out, std::int64_t tap, std::int64_t i) {
    return weight[(out * shape.in_channels + i) * plan.taps + tap];
  };
  pack_lines(shape, plan, number, to);
}

/// A tap is a row of the kernel, its numbers [x][channel]; the last pair may be half empty.
void pack_few_channels(const ConvShape& shape, const float* weight, std::uint32_t* to) {
  const auto number = [&](std::int64_t out, std::int64_t tap, std::int64_t i) {
    const std::int64_t x = i / shape.in_channels;
    const std::int64_t channel = i % shape.in_channels;
    return x < shape.kernel ? weight[((out * shape.in_channels + channel) * shape.kernel + tap) * shape.kernel + x]
                            : 0.0F;
  };
  pack_lines(shape, FewChannelsPlan(shape), number, to);
}

/// G g G^T of the paper, for one 3x3 kernel g.
void transform(const float* g, float (&to)[kPositions]) {
  const auto line = [](double a, double b, double c, double(&u)[kWinogradIn]) {
    u[0] = a;
    u[1] = (a + b + c) / 2;
    u[2] = (a - b + c) / 2;
    u[3] = c;
  };
  double columns[3][kWinogradIn];
  for (int x = 0; x < 3; ++x) {
    line(static_cast<double>(g[x]), static_cast<double>(g[3 + x]), static_cast<double>(g[6 + x]), columns[x]);
  }
  for (int y = 0; y < kWinogradIn; ++y) {
    double row[kWinogradIn];
    line(columns[0][y], columns[1][y], columns[2][y], row);
    for (int x = 0; x < kWinogradIn; ++x) to[y * kWinogradIn + x] = static_cast<float>(row[x]);
  }
}

/// Lines are [pair][position][channel].
void pack_winograd(const ConvShape& shape, const float* weight, std::uint32_t* to) {
  const WinogradPlan plan(shape);
  for (std::int64_t out = 0; out < shape.out_channels; ++out) {
    const std::int64_t pair = out / kPanelPair;
    const std::int64_t line = line_words(shape, pair);
    for (std::int64_t in = 0; in < plan.channels; ++in) {
      float transformed[kPositions];
      transform(weight + (out * plan.channels + in) * 9, transformed);
      std::uint32_t* const lane = to + pair * plan.pair_words() + in * line + out % kPanelPair;
      for (std::int64_t i = 0; i < kPositions; ++i) lane[i * plan.block_words()] = as_bits(transformed[i]);
    }
  }
}

}  // namespace

void pack_conv(const ConvShape& shape, ConvAlgorithm algorithm, const float* weight, void* words) {
  std::memset(words, 0, static_cast<std::size_t>(conv_weight_words(shape, algorithm)) * 4);
  auto* const to = static_cast<std::uint32_t*>(words);
  if (algorithm == ConvAlgorithm::winograd) return pack_winograd(shape, weight, to);
  if (algorithm == ConvAlgorithm::few_channels) return pack_few_channels(shape, weight, to);
  pack_direct(shape, weight, to);
}

}  // namespace vitral::kernels
