/// The inner loop of convolutions: a few rows times two panels of packed weights, sums in registers.
#pragma once

#include "common/kernels/activation_loop.h"
#include "common/kernels/conv_plan.h"
#include "common/kernels/panel_gemm.h"

namespace vitral::kernels {
namespace {

/// What the sums of one tile are made of.
struct TileOperands {
  const float* const* rows;  ///< [taps][kTilePixels]: where each pixel's units begin
  const float* weights;      ///< [taps][units][16 * panels] words
  std::int64_t taps;
  std::int64_t units;
  const float* prefetch;  ///< weights that will be needed next
  int prefetch_lines;     ///< of 64 bytes, every kUnroll units
};

constexpr int kUnroll = 4;

/// sum += the products of kUnits neighbouring units.
template <class A, int kPixels, int kPanels, int kUnits>
VITRAL_INLINE void multiply_units(const float* const* rows, std::int64_t unit, const float* weights,
                                  typename A::Vec (&sum)[kPixels][kPanels]) {
#pragma GCC unroll 4
  for (int u = 0; u < kUnits; ++u) {
    typename A::Units column[kPanels];
#pragma GCC unroll 2
    for (int w = 0; w < kPanels; ++w) column[w] = A::load(weights + (u * kPanels + w) * kLanes);
#pragma GCC unroll 14
    for (int p = 0; p < kPixels; ++p) {
      const typename A::Units value = A::broadcast(rows[p] + unit + u);
#pragma GCC unroll 2
      for (int w = 0; w < kPanels; ++w) sum[p][w] = A::multiply_add(value, column[w], sum[p][w]);
    }
  }
}

/// sum += all products of the tile.
template <class A, int kPixels, int kPanels>
VITRAL_INLINE void multiply_rows(const TileOperands& tile, typename A::Vec (&sum)[kPixels][kPanels]) {
  const float* weights = tile.weights;
  const char* next = reinterpret_cast<const char*>(tile.prefetch);
  for (std::int64_t tap = 0; tap < tile.taps; ++tap) {
    const float* const* rows = tile.rows + tap * kTilePixels;
    std::int64_t unit = 0;
    for (; unit + kUnroll <= tile.units; unit += kUnroll) {
      for (int line = 0; line < tile.prefetch_lines; ++line, next += 64) __builtin_prefetch(next, 0, 2);
      multiply_units<A, kPixels, kPanels, kUnroll>(rows, unit, weights, sum);
      weights += kUnroll * kPanels * kLanes;
    }
    for (; unit < tile.units; ++unit, weights += kPanels * kLanes) {
      multiply_units<A, kPixels, kPanels, 1>(rows, unit, weights, sum);
    }
  }
}

/// Where the results of one tile go and what happens to them on the way.
template <class T>
struct TileResults {
  const float* bias;
  const T* residual;  ///< null, or laid out like the output
  T* out;
  std::int64_t stride;  ///< from pixel to pixel
  int channels;         ///< that exist, at most 16 a panel
  int pixels;           ///< that exist
  Activation activation;
};

/// Bounds that make a clamp of what is linear in pieces; everything else has none.
struct Clamp {
  VITRAL_INLINE explicit Clamp(Activation activation)
      : low(activation == Activation::relu || activation == Activation::relu6 ? 0.0F : -__builtin_inff()),
        high(activation == Activation::relu6 ? 6.0F : __builtin_inff()),
        enough(activation != Activation::gelu && activation != Activation::silu) {}
  float low, high;
  bool enough;
};

template <class S, class T>
VITRAL_INLINE typename S::Vec load_channels(const T* p, int n) {
  return n >= kLanes ? S::load(p) : S::load_some(p, n);
}

template <class S, class T>
VITRAL_INLINE void store_channels(T* p, typename S::Vec v, int n) {
  return n >= kLanes ? S::store(p, v) : S::store_some(p, v, n);
}

template <class S>
VITRAL_INLINE typename S::Vec apply(Activation activation, const Clamp& clamp, typename S::Vec v) {
  if (activation == Activation::gelu) return gelu<S>(v);
  if (activation == Activation::silu) return silu<S>(v);
  return S::min(S::broadcast(clamp.high), S::max(S::broadcast(clamp.low), v));
}

/// What `finish_tile` leaves over: incomplete tiles and curved activations. `sums` [pixels][16 * panels].
template <class S, class T, int kPanels>
__attribute__((noinline)) void finish_sums(const TileResults<T>& to, const float* sums) {
  const Clamp clamp(to.activation);
  for (int p = 0; p < to.pixels; ++p) {
    for (int w = 0; w < kPanels; ++w, sums += kLanes) {
      const std::int64_t at = p * to.stride + w * kLanes;
      const int channels = to.channels - w * kLanes;
      auto value = S::load(sums);
      if (to.residual != nullptr) value = S::add(value, load_channels<S>(to.residual + at, channels));
      store_channels<S>(to.out + at, apply<S>(to.activation, clamp, value), channels);
    }
  }
}

template <class S, class T, int kPixels, int kPanels>
VITRAL_INLINE void finish_tile(const TileResults<T>& to, typename S::Vec (&sum)[kPixels][kPanels]) {
  const Clamp clamp(to.activation);
  if (!clamp.enough || to.pixels < kPixels || to.channels < kPanels * kLanes) {
    alignas(64) float sums[kPixels * kPanels * kLanes];
#pragma GCC unroll 14
    for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
      for (int w = 0; w < kPanels; ++w) S::store(sums + (p * kPanels + w) * kLanes, sum[p][w]);
    }
    return finish_sums<S, T, kPanels>(to, sums);
  }
  if (to.residual != nullptr) {
#pragma GCC unroll 14
    for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
      for (int w = 0; w < kPanels; ++w) {
        sum[p][w] = S::add(sum[p][w], S::load(to.residual + p * to.stride + w * kLanes));
      }
    }
  }
  const auto low = S::broadcast(clamp.low);
  const auto high = S::broadcast(clamp.high);
#pragma GCC unroll 14
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
    for (int w = 0; w < kPanels; ++w) {
      S::store(to.out + p * to.stride + w * kLanes, S::min(high, S::max(low, sum[p][w])));
    }
  }
}

/// Calls for what the end of a tile reads and writes: its lines lie apart, and nobody else sees them coming.
template <class T, int kPanels>
VITRAL_INLINE void prefetch_results(const TileResults<T>& to) {
  constexpr int kLine = 64 / sizeof(T);
  const bool residual = to.residual != nullptr && to.residual != to.out;
  for (int p = 0; p < to.pixels; ++p) {
    for (int i = 0; i < kPanels * kLanes; i += kLine) {
      __builtin_prefetch(to.out + p * to.stride + i, 1, 3);
      if (residual) __builtin_prefetch(to.residual + p * to.stride + i, 0, 3);
    }
  }
}

/// One tile from its operands to its results.
template <class A, class T, int kPixels, int kPanels>
__attribute__((noinline)) void conv_tile(const TileOperands& from, const TileResults<T>& to) {
  using S = typename A::Simd;
  prefetch_results<T, kPanels>(to);
  typename S::Vec sum[kPixels][kPanels];
#pragma GCC unroll 14
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
    for (int w = 0; w < kPanels; ++w) sum[p][w] = S::load(to.bias + w * kLanes);
  }
  multiply_rows<A, kPixels, kPanels>(from, sum);
  finish_tile<S, T, kPixels, kPanels>(to, sum);
}

/// A tile of any height and one or two panels. Heights between those that exist repeat their last pixel.
template <class A, class T, int kPanels>
VITRAL_INLINE void run_tile(const TileOperands& from, const TileResults<T>& to) {
  switch (tile_height(to.pixels)) {
    case 14:
      return conv_tile<A, T, 14, kPanels>(from, to);
    case 13:
      return conv_tile<A, T, 13, kPanels>(from, to);
    case 12:
      return conv_tile<A, T, 12, kPanels>(from, to);
    case 8:
      return conv_tile<A, T, 8, kPanels>(from, to);
    default:
      return conv_tile<A, T, 4, kPanels>(from, to);
  }
}

}  // namespace
}  // namespace vitral::kernels
