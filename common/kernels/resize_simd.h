/// The algorithms of resize.h, written once for vectors of any number of 128-bit lanes.
///
/// The horizontal pass takes four rows a lane at once: a block of rows is turned into a panel in which the 32-bit
/// element of a row holds four neighbouring inputs of one channel. Groups of four inputs begin at multiples of four, so
/// that all outputs share the panel; weights are padded with zeros to fit. The vertical pass interleaves four rows.
#pragma once

#include "common/kernels/dtype.h"
#include "common/kernels/resize_isa.h"

namespace vitral::kernels {
namespace {

template <class S>
struct ResizeKernels {
  using V = typename S::V;
  static constexpr int kLanes128 = S::kBytes / 16;
  static constexpr int kRowBlock = 4 * kLanes128;
  static constexpr int kGroupBytes = 12;  ///< four pixels

  /// Element j of v[i] -> element i of v[j], in every lane.
  VITRAL_INLINE static void transpose(V v[4]) {
    const V a = S::unpack_low32(v[0], v[1]), b = S::unpack_high32(v[0], v[1]);
    const V c = S::unpack_low32(v[2], v[3]), d = S::unpack_high32(v[2], v[3]);
    v[0] = S::unpack_low64(a, c);
    v[1] = S::unpack_high64(a, c);
    v[2] = S::unpack_low64(b, d);
    v[3] = S::unpack_high64(b, d);
  }

  /// One lane from each of kLanes128 places, four rows apart.
  VITRAL_INLINE static V gather(const std::uint8_t* const* rows, std::size_t offset) {
    const std::uint8_t* places[kLanes128];
    for (int lane = 0; lane < kLanes128; ++lane) places[lane] = rows[4 * lane] + offset;
    return S::load_lanes(places);
  }

  /// The last groups, where a whole load would leave the row.
  static void gather_tail(const std::uint8_t* const* rows, std::size_t at, std::size_t row_bytes, V v[4]) {
    std::uint8_t copies[kRowBlock][16] = {};
    const std::uint8_t* places[kRowBlock];
    for (int i = 0; i < kRowBlock; ++i) {
      for (std::size_t b = 0; b < kGroupBytes && at + b < row_bytes; ++b) copies[i][b] = rows[i][at + b];
      places[i] = copies[i];
    }
    for (int q = 0; q < 4; ++q) v[q] = gather(places + q, 0);
  }

  static void build_panel(const ColumnsJob& job, int first_row) {
    const V deinterleave = S::pattern(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1);
    const std::uint8_t* rows[kRowBlock];
    for (int i = 0; i < kRowBlock; ++i) {
      const int row = first_row + i < job.rows ? first_row + i : job.rows - 1;
      rows[i] = job.from + static_cast<std::size_t>(row) * job.from_stride;
    }
    const std::size_t row_bytes = static_cast<std::size_t>(job.width) * 3;
    std::uint8_t* panel = job.panel;
    for (std::size_t at = 0; at < row_bytes; at += kGroupBytes, panel += 3 * S::kBytes) {
      V v[4];
      if (at + 16 <= row_bytes) {
        for (int q = 0; q < 4; ++q) v[q] = gather(rows + q, at);
      } else {
        gather_tail(rows, at, row_bytes, v);
      }
      for (int q = 0; q < 4; ++q) v[q] = S::shuffle(v[q], deinterleave);
      transpose(v);
      for (int c = 0; c < 3; ++c) S::store_aligned(panel + c * S::kBytes, v[c]);
    }
  }

  /// One output pixel of all rows of the block: in every lane four RGB pixels, one of each row.
  VITRAL_INLINE static V column(const ColumnsJob& job, int x, V interleave) {
    typename S::Sum sums[3] = {};
    const std::int32_t* words = job.weights.words + static_cast<std::size_t>(x) * job.weights.output_words;
    const std::uint8_t* panel = job.panel + static_cast<std::size_t>(job.weights.first[x]) * 3 * S::kBytes;
    for (int g = 0; g < job.weights.groups[x]; ++g, panel += 3 * S::kBytes, words += S::kWords) {
      for (int c = 0; c < 3; ++c) S::add(sums[c], S::load_aligned(panel + c * S::kBytes), words);
    }
    const V red_green = S::pack32(S::total(sums[0]), S::total(sums[1]));
    const V blue = S::pack32(S::total(sums[2]), S::zero());
    return S::shuffle(S::pack16(red_green, blue), interleave);
  }

  static void columns(const ColumnsJob& job) {
    const V interleave = S::pattern(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const V squeeze = S::pattern(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    for (int top = 0; top < job.rows; top += kRowBlock) {
      build_panel(job, top);
      for (int x = 0; x < job.weights.outputs; x += 4) {
        V v[4];
        for (int i = 0; i < 4; ++i) v[i] = x + i < job.weights.outputs ? column(job, x + i, interleave) : S::zero();
        transpose(v);
        for (int q = 0; q < 4; ++q) {
          std::uint8_t lanes[S::kBytes];
          S::store(lanes, S::shuffle(v[q], squeeze));
          for (int lane = 0; lane < kLanes128; ++lane) {
            const int row = top + 4 * lane + q;
            if (row >= job.rows) break;
            std::uint8_t* to = job.to + static_cast<std::size_t>(row) * job.to_stride + static_cast<std::size_t>(x) * 3;
            __builtin_memcpy(to, lanes + 16 * lane, 16);
          }
        }
      }
    }
  }

  /// kBytes bytes of one output row, from `at` on.
  VITRAL_INLINE static V row_part(const RowsJob& job, int y, std::size_t at) {
    typename S::Sum sums[4] = {};
    const std::int32_t* words = job.weights.words + static_cast<std::size_t>(y) * job.weights.output_words;
    for (int g = 0; g < job.weights.groups[y]; ++g, words += S::kWords) {
      V v[4];
      for (int i = 0; i < 4; ++i) {
        const int wanted = job.weights.first[y] + 4 * g + i;
        const int row = wanted < job.last_row ? wanted : job.last_row;  // behind the end the weights are zero
        v[i] = S::load(job.from + static_cast<std::size_t>(row) * job.from_stride + at);
      }
      const V a = S::unpack_low8(v[0], v[1]), b = S::unpack_high8(v[0], v[1]);
      const V c = S::unpack_low8(v[2], v[3]), d = S::unpack_high8(v[2], v[3]);
      S::add(sums[0], S::unpack_low16(a, c), words);
      S::add(sums[1], S::unpack_high16(a, c), words);
      S::add(sums[2], S::unpack_low16(b, d), words);
      S::add(sums[3], S::unpack_high16(b, d), words);
    }
    return S::pack16(S::pack32(S::total(sums[0]), S::total(sums[1])), S::pack32(S::total(sums[2]), S::total(sums[3])));
  }

  static void rows(const RowsJob& job) {
    const auto row_bytes = static_cast<std::size_t>(job.row_bytes);
    for (int y = 0; y < job.weights.outputs; ++y) {
      std::uint8_t* to = job.to + static_cast<std::size_t>(y) * job.to_stride;
      for (std::size_t at = 0; at < row_bytes; at += S::kBytes) {
        const std::size_t begin = at + S::kBytes <= row_bytes ? at : row_bytes - S::kBytes;  // the last part overlaps
        S::store(to + begin, row_part(job, y, begin));
      }
    }
  }

  static std::size_t normalize(const NormalizeJob& job) {
    const V spread[3] = {S::pattern(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1),
                         S::pattern(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1),
                         S::pattern(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1)};
    const typename S::Divisor by_divisor(job.divisor);
    const typename S::Divisor by_std[3] = {typename S::Divisor(job.std[0]), typename S::Divisor(job.std[1]),
                                           typename S::Divisor(job.std[2])};
    std::size_t i = 0;
    for (; i + kRowBlock + 2 <= job.count; i += kRowBlock) {  // the last lane loads 4 bytes more than it uses
      const std::uint8_t* places[kLanes128];
      for (int lane = 0; lane < kLanes128; ++lane)
        places[lane] = job.rgb + 3 * i + static_cast<std::size_t>(lane) * kGroupBytes;
      const V pixels = S::load_lanes(places);
      for (int c = 0; c < 3; ++c) {
        const auto level = by_divisor.quotient(S::to_float(S::shuffle(pixels, spread[c])));
        S::store_float(job.planes[c] + i, by_std[c].quotient(S::subtract(level, job.mean[c])));
      }
    }
    return i;
  }
};

}  // namespace
}  // namespace vitral::kernels
