/// The functions behind resize.h, one table an instruction set, and their packed arguments.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vitral::kernels {

/// Weights for four inputs at a time ("a group"), split into digits that the processor's multipliers take.
struct PackedWeights {
  int outputs = 0;
  const std::int32_t* first = nullptr;   ///< [outputs] the first input (rows) or the first group (columns)
  const std::int32_t* groups = nullptr;  ///< [outputs] how many groups
  const std::int32_t* words = nullptr;   ///< [outputs, max_groups, words of a group]
  std::size_t output_words = 0;          ///< words of an output
};

struct ColumnsJob {
  const std::uint8_t* from = nullptr;
  std::size_t from_stride = 0;
  int width = 0;  ///< inputs in a row, pixels of RGB
  int rows = 0;
  PackedWeights weights;
  std::uint8_t* to = nullptr;
  std::size_t to_stride = 0;
  std::uint8_t* panel = nullptr;  ///< scratch, kPanelBytes for each group of four inputs, 64-byte aligned
};

struct RowsJob {
  const std::uint8_t* from = nullptr;
  std::size_t from_stride = 0;
  int last_row = 0;   ///< rows behind it are never read
  int row_bytes = 0;  ///< at least `vector_bytes`
  PackedWeights weights;
  std::uint8_t* to = nullptr;
  std::size_t to_stride = 0;
};

struct NormalizeJob {
  const std::uint8_t* rgb = nullptr;
  std::size_t count = 0;
  float divisor = 255.0F;
  const float* mean = nullptr;
  const float* std = nullptr;
  float* const* planes = nullptr;
};

/// How a 24-bit weight is split: into three bytes (vpdpbusd), or into words of 12 and 13 bits (vpmaddwd).
enum class WeightDigits { bytes, words };
constexpr int words_of_group(WeightDigits digits) {
  return digits == WeightDigits::bytes ? 3 : 4;
}

constexpr std::size_t kPanelBytes = 3 * 64;

struct ResizeIsa {
  const char* name;
  WeightDigits digits;
  int vector_bytes;
  void (*columns)(const ColumnsJob& job);
  void (*rows)(const RowsJob& job);
  /// Returns how many pixels it did; the rest is too short for it.
  std::size_t (*normalize)(const NormalizeJob& job);
};

#if defined(__x86_64__)
extern const ResizeIsa kAvx2Resize;
extern const ResizeIsa kAvx512Resize;
#endif

}  // namespace vitral::kernels
