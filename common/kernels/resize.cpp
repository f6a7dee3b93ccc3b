#include "common/kernels/resize.h"

#include <algorithm>
#include <memory>
#include <new>

#include "common/kernels/resize_isa.h"
#include "common/kernels/resize_sum.h"

namespace vitral::kernels {
namespace {

constexpr int kGroup = 4;  ///< inputs that share a 32-bit element

const ResizeIsa* choose(const CpuFeatures& cpu) {
#if defined(__x86_64__)
  if (cpu.avx512_vnni) return &kAvx512Resize;
  if (cpu.avx2) return &kAvx2Resize;
#else
  static_cast<void>(cpu);
#endif
  return nullptr;
}

void plain_columns(ConstPixelRows from, int rows, const ResampleWeights& weights, PixelRows to) {
  for (int y = 0; y < rows; ++y) {
    const std::uint8_t* row = from.data + static_cast<std::size_t>(y) * from.stride;
    std::uint8_t* out = to.data + static_cast<std::size_t>(y) * to.stride;
    for (std::size_t x = 0; x < weights.first.size(); ++x) {
      const std::int32_t* k = weights.weights.data() + x * static_cast<std::size_t>(weights.taps);
      const std::uint8_t* first = row + 3 * static_cast<std::size_t>(weights.first[x]);
      for (int c = 0; c < 3; ++c) *out++ = weighted_byte(first + c, 3, k, weights.count[x]);
    }
  }
}

void plain_rows(ConstPixelRows from, int row_bytes, const ResampleWeights& weights, PixelRows to) {
  for (std::size_t y = 0; y < weights.first.size(); ++y) {
    const std::int32_t* k = weights.weights.data() + y * static_cast<std::size_t>(weights.taps);
    const std::uint8_t* first = from.data + static_cast<std::size_t>(weights.first[y]) * from.stride;
    std::uint8_t* out = to.data + y * to.stride;
    for (int x = 0; x < row_bytes; ++x) out[x] = weighted_byte(first + x, from.stride, k, weights.count[y]);
  }
}

/// Weights of whole groups in digits. Owns what PackedWeights points to.
class Packing {
 public:
  /// Groups begin at multiples of `alignment` (1 or kGroup), counted from `origin` on.
  Packing(const ResampleWeights& weights, int origin, int alignment, WeightDigits digits)
      : weights_(weights), digits_(digits), first_(weights.first.size()), groups_(weights.first.size()) {
    int most = 0;
    for (std::size_t i = 0; i < first_.size(); ++i) {
      const int begin = (weights.first[i] - origin) / alignment * alignment;
      const int end = weights.first[i] - origin + weights.count[i];
      first_[i] = begin / alignment;
      groups_[i] = (end - begin + kGroup - 1) / kGroup;
      most = std::max(most, groups_[i]);
    }
    const auto group_words = static_cast<std::size_t>(words_of_group(digits));
    output_words_ = static_cast<std::size_t>(most) * group_words;
    words_.resize(first_.size() * output_words_);
    for (std::size_t i = 0; i < first_.size(); ++i) {
      const int lead = weights.first[i] - origin - first_[i] * alignment;  // zeros in front
      for (int g = 0; g < groups_[i]; ++g) {
        put_group(i, g * kGroup - lead, words_.data() + i * output_words_ + static_cast<std::size_t>(g) * group_words);
      }
    }
  }

  PackedWeights view() const {
    return {static_cast<int>(first_.size()), first_.data(), groups_.data(), words_.data(), output_words_};
  }

  /// A weight fits into three signed bytes (and so into the words too).
  static bool fits(const ResampleWeights& weights) {
    constexpr std::int32_t kLargest = 127 * 65536;
    return std::all_of(weights.weights.begin(), weights.weights.end(),
                       [](std::int32_t k) { return k >= -kLargest && k <= kLargest; });
  }

 private:
  void put_group(std::size_t output, int from, std::int32_t* words) const {
    const std::int32_t* all = weights_.weights.data() + output * static_cast<std::size_t>(weights_.taps);
    for (int t = 0; t < kGroup; ++t) {
      const int i = from + t;
      const std::int32_t k = i >= 0 && i < weights_.count[output] ? all[i] : 0;
      if (digits_ == WeightDigits::bytes) {
        put_bytes(k, t, words);
      } else {
        put_words(k, t, words);
      }
    }
  }

  /// k = d0 + 2^8 d1 + 2^16 d2, each a signed byte; byte t of word i is di.
  static void put_bytes(std::int32_t k, int t, std::int32_t* words) {
    for (int i = 0; i < 3; ++i) {
      const auto digit = static_cast<std::int8_t>(k & 0xFF);
      reinterpret_cast<std::int8_t*>(words + i)[t] = digit;
      k = (k - digit) >> 8;
    }
  }

  /// k = d0 + 2^12 d1, 0 <= d0 < 2^12; inputs 0 and 2 are in words 0 (d0) and 2 (d1), inputs 1 and 3 in words 1 and 3.
  static void put_words(std::int32_t k, int t, std::int32_t* words) {
    reinterpret_cast<std::int16_t*>(words + t % 2)[t / 2] = static_cast<std::int16_t>(k & 0xFFF);
    reinterpret_cast<std::int16_t*>(words + 2 + t % 2)[t / 2] = static_cast<std::int16_t>(k >> 12);
  }

  const ResampleWeights& weights_;
  WeightDigits digits_;
  std::vector<std::int32_t> first_, groups_, words_;
  std::size_t output_words_ = 0;
};

struct FreeAligned {
  void operator()(std::uint8_t* p) const { ::operator delete[](p, std::align_val_t{64}); }
};
using AlignedBytes = std::unique_ptr<std::uint8_t[], FreeAligned>;

AlignedBytes aligned_bytes(std::size_t size) {
  return AlignedBytes(static_cast<std::uint8_t*>(::operator new[](size, std::align_val_t{64})));
}

int last_input(const ResampleWeights& weights) {
  int last = 0;
  for (std::size_t i = 0; i < weights.first.size(); ++i) last = std::max(last, weights.first[i] + weights.count[i] - 1);
  return last;
}

}  // namespace

void resample_columns(ConstPixelRows from, int rows, const ResampleWeights& weights, PixelRows to,
                      const CpuFeatures& cpu) {
  const ResizeIsa* isa = choose(cpu);
  if (weights.outputs() == 0 || rows <= 0) return;
  if (isa == nullptr || !Packing::fits(weights)) return plain_columns(from, rows, weights, to);
  const int origin = *std::min_element(weights.first.begin(), weights.first.end());
  const int width = last_input(weights) + 1 - origin;
  const Packing packing(weights, origin, kGroup, isa->digits);
  const auto groups = static_cast<std::size_t>((width + kGroup - 1) / kGroup);
  const AlignedBytes panel = aligned_bytes(groups * kPanelBytes);
  isa->columns({from.data + static_cast<std::size_t>(origin) * 3, from.stride, width, rows, packing.view(), to.data,
                to.stride, panel.get()});
}

void resample_rows(ConstPixelRows from, int row_bytes, const ResampleWeights& weights, PixelRows to,
                   const CpuFeatures& cpu) {
  const ResizeIsa* isa = choose(cpu);
  if (weights.outputs() == 0) return;
  if (isa == nullptr || row_bytes < isa->vector_bytes || !Packing::fits(weights)) {
    return plain_rows(from, row_bytes, weights, to);
  }
  const Packing packing(weights, 0, 1, isa->digits);
  isa->rows({from.data, from.stride, last_input(weights), row_bytes, packing.view(), to.data, to.stride});
}

void normalize_rgb(const std::uint8_t* rgb, std::size_t count, const Normalization& normalization,
                   float* const given[3], const CpuFeatures& cpu) {
  const ResizeIsa* isa = choose(cpu);
  const bool bgr = normalization.bgr;
  float* const planes[3] = {given[bgr ? 2 : 0], given[1], given[bgr ? 0 : 2]};  // of red, green and blue
  const NormalizeJob job{rgb, count, normalization.divisor, normalization.mean, normalization.std, planes};
  for (std::size_t i = isa != nullptr ? isa->normalize(job) : 0; i < count; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      planes[c][i] =
          (static_cast<float>(rgb[3 * i + c]) / normalization.divisor - normalization.mean[c]) / normalization.std[c];
    }
  }
}

const char* resize_implementation(const CpuFeatures& cpu) {
  const ResizeIsa* isa = choose(cpu);
  return isa != nullptr ? isa->name : "plain";
}

}  // namespace vitral::kernels
