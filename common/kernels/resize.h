/// Weighted sums of 8-bit pixels in Pillow's fixed point, and grey levels to normalised floats: the inner loops of
/// common/image/resize.h and preprocess.h. Each has a plain twin that it equals bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/kernels/cpu.h"
#include "common/kernels/normalization.h"

namespace vitral::kernels {

constexpr int kResampleBits = 22;      ///< fraction bits of a weight
constexpr std::size_t kRowSlack = 16;  ///< bytes that `resample_columns` may write behind a row's end

/// For every output the run of inputs that it is the weighted mean of. Sums of 255 * weight have to fit into 32 bits.
struct ResampleWeights {
  int taps = 0;                       ///< weights kept for an output, the largest `count`
  std::vector<std::int32_t> first;    ///< [outputs] the first input
  std::vector<std::int32_t> count;    ///< [outputs] how many inputs, 1 to taps
  std::vector<std::int32_t> weights;  ///< [outputs, taps] with kResampleBits fraction bits; zeros behind `count`

  int outputs() const { return static_cast<int>(first.size()); }
};

struct ConstPixelRows {
  const std::uint8_t* data = nullptr;
  std::size_t stride = 0;  ///< bytes from a row to the next
};

struct PixelRows {
  std::uint8_t* data = nullptr;
  std::size_t stride = 0;
};

/// The horizontal pass over `rows` rows of RGB: output pixel x of a row is clamp((sum of weight * input + 0.5) >> 22)
/// for each channel. PixelRows of `to` need room for 3 * outputs + kRowSlack bytes. Inputs lie inside the rows of
/// `from`.
void resample_columns(ConstPixelRows from, int rows, const ResampleWeights& weights, PixelRows to,
                      const CpuFeatures& cpu = this_cpu().features);

/// The vertical pass: output row y is the weighted sum of whole rows of `row_bytes` bytes. `to` must not overlap
/// `from`.
void resample_rows(ConstPixelRows from, int row_bytes, const ResampleWeights& weights, PixelRows to,
                   const CpuFeatures& cpu = this_cpu().features);

/// `count` pixels of RGB -> three planes in the order that is asked for: planes[c][i] is channel c of pixel i.
void normalize_rgb(const std::uint8_t* rgb, std::size_t count, const Normalization& normalization,
                   float* const planes[3], const CpuFeatures& cpu = this_cpu().features);

/// Which implementation is taken, for `doctor` and for tests: "plain", "avx2", "avx512_vnni".
const char* resize_implementation(const CpuFeatures& cpu = this_cpu().features);

}  // namespace vitral::kernels
