/// Register-blocked product of a few rows with a packed matrix, both in L1: the inner loop of attention.
///
/// Numbers travel in 32-bit units: one fp32, or a pair of bf16 that are neighbours along the summed dimension. The
/// packed matrix is a row of panels, each [depth][16 lanes] units; the left matrix has its units along a row.
#pragma once

#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

constexpr int kTileRows = 6;

struct PanelProduct {
  const float* a;  ///< [rows][depth] units; readable up to an even number of rows
  std::int64_t a_stride;
  const float* b;  ///< [panels][depth][16] units
  std::int64_t b_panel_stride;
  float* c;  ///< [rows][16 * panels], fp32
  std::int64_t c_stride;
  int rows;
  int panels;
  int depth;
  bool accumulate;  ///< c += a b instead of c = a b
};

/// One tile: kRows rows and kPanels panels whose sums stay in registers.
template <class C, int kRows, int kPanels>
void multiply_tile(const PanelProduct& p, int row, int panel) {
  using S = typename C::Simd;
  const float* a = p.a + row * p.a_stride;
  const float* b = p.b + panel * p.b_panel_stride;
  float* c = p.c + row * p.c_stride + panel * kLanes;
  typename S::Vec sum[kRows][kPanels];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int w = 0; w < kPanels; ++w) {
      sum[r][w] = p.accumulate ? S::load(c + r * p.c_stride + w * kLanes) : S::broadcast(0.0F);
    }
  }
  const std::int64_t a_stride = p.a_stride;
  const std::int64_t b_stride = p.b_panel_stride;
  for (int d = 0; d < p.depth; ++d) {
    typename C::Units column[kPanels];
#pragma GCC unroll 4
    for (int w = 0; w < kPanels; ++w) column[w] = C::load(b + w * b_stride);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const typename C::Units unit = C::broadcast(a + r * a_stride);
#pragma GCC unroll 4
      for (int w = 0; w < kPanels; ++w) sum[r][w] = C::multiply_add(unit, column[w], sum[r][w]);
    }
    b += kLanes;
    a += 1;
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int w = 0; w < kPanels; ++w) S::store(c + r * p.c_stride + w * kLanes, sum[r][w]);
  }
}

template <class C, int kPanels>
void multiply_panels(const PanelProduct& p, int panel) {
  for (int row = 0; row < p.rows; row += kTileRows) {
    const int rows = p.rows - row;
    if (rows > 4) {
      multiply_tile<C, 6, kPanels>(p, row, panel);
    } else if (rows > 2) {
      multiply_tile<C, 4, kPanels>(p, row, panel);
    } else {
      multiply_tile<C, 2, kPanels>(p, row, panel);
    }
  }
}

/// The whole product. Panels are taken in groups of nearly equal width, because a narrow tile waits for its own sums.
template <class C>
void multiply(const PanelProduct& p) {
  constexpr int kMax = C::Simd::kMaxPanels;
  const int groups = static_cast<int>(ceil_div(p.panels, kMax));
  for (int group = 0; group < groups; ++group) {
    const int panel = p.panels * group / groups;
    const int width = p.panels * (group + 1) / groups - panel;
    if constexpr (kMax >= 4) {
      if (width == 4) multiply_panels<C, 4>(p, panel);
      if (width == 3) multiply_panels<C, 3>(p, panel);
      if (width == 2) multiply_panels<C, 2>(p, panel);
    }
    if (width == 1) multiply_panels<C, 1>(p, panel);
  }
}

/// fp32 arithmetic on operands of any format: a unit is one number.
template <class S>
struct Fp32Arithmetic {
  using Simd = S;
  using Vec = typename S::Vec;
  using Units = Vec;
  static constexpr int kPerUnit = 1;
  static constexpr int kExpDegree = 5;

  static VITRAL_INLINE Units load(const float* units) { return S::load(units); }
  static VITRAL_INLINE Units broadcast(const float* unit) { return S::broadcast(*unit); }
  static VITRAL_INLINE typename S::Vec multiply_add(Units a, Units b, typename S::Vec sum) { return S::fma(a, b, sum); }

  /// Sixteen units of a row, of which `n` numbers exist.
  template <class T>
  static VITRAL_INLINE typename S::Vec row_units(const T* p, int n) {
    return n >= kLanes ? S::load(p) : S::load_some(p, n);
  }
  /// Sixteen columns of one row.
  template <class T>
  static VITRAL_INLINE typename S::Vec column_units(const T* const (&rows)[1], std::int64_t offset, int n) {
    return row_units(rows[0] + offset, n);
  }
  /// Sixteen results at position `i` of a row of units.
  static VITRAL_INLINE void store_row(float* units, int i, typename S::Vec v) { S::store(units + i, v); }
};

}  // namespace
}  // namespace vitral::kernels
