/// What the kernel tests share: exact buffers, and every implementation that this processor can run as parameters.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "common/kernels/cpu.h"
#include "common/kernels/element.h"

namespace vitral::kernels {

struct CpuCase {
  std::string name;
  CpuFeatures features;
};

inline void PrintTo(const CpuCase& cpu, std::ostream* out) {
  *out << cpu.name;
}

/// From plain C++ up to what this machine has, one step at a time.
inline std::vector<CpuCase> runnable_cpus() {
  const CpuFeatures here = this_cpu().features;
  std::vector<CpuCase> cases = {{"portable", {}}};
  if (here.avx2) cases.push_back({"avx2", {.avx2 = true}});
  if (here.avx512) cases.push_back({"avx512", {.avx2 = true, .avx512 = true}});
  if (here.avx512_bf16) cases.push_back({"avx512_bf16", {.avx2 = true, .avx512 = true, .avx512_bf16 = true}});
  return cases;
}

inline std::size_t element_size(DType dtype) {
  return dtype == DType::f32 ? 4 : 2;
}

/// A heap block of exactly `count` numbers, so that the address sanitizer sees a step beyond.
class Buffer {
 public:
  Buffer(DType dtype, std::int64_t count) : dtype_(dtype), count_(count), bytes_(new char[bytes()]()) {}

  static Buffer random(DType dtype, std::int64_t count, std::mt19937& random, float deviation = 1) {
    Buffer buffer(dtype, count);
    std::normal_distribution<float> normal(0, deviation);
    for (std::int64_t i = 0; i < count; ++i) buffer.set(i, normal(random));
    return buffer;
  }

  void* data() const { return bytes_.get(); }
  const float* floats() const { return static_cast<const float*>(data()); }
  std::int64_t count() const { return count_; }
  void set(std::int64_t i, float x) { set_element(data(), dtype_, i, x); }
  float get(std::int64_t i) const { return static_cast<float>(element(data(), dtype_, i)); }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(count_) * element_size(dtype_); }

  DType dtype_;
  std::int64_t count_;
  std::unique_ptr<char[]> bytes_;
};

/// A buffer of sevens: what is not written stays one.
inline Buffer untouched(DType dtype, std::int64_t count) {
  Buffer buffer(dtype, count);
  for (std::int64_t i = 0; i < count; ++i) buffer.set(i, 7);
  return buffer;
}

/// Windows of `side` x `side` over a map that they do not divide, shifted: the rows of each window's tokens, -1 for
/// padding.
inline std::vector<std::int32_t> window_table(int height, int width, int side, int shift) {
  std::vector<std::int32_t> table;
  for (int y0 = 0; y0 < height; y0 += side) {
    for (int x0 = 0; x0 < width; x0 += side) {
      for (int t = 0; t < side * side; ++t) {
        const int y = y0 + t / side, x = x0 + t % side;
        table.push_back(y < height && x < width ? (y + shift) % height * width + (x + shift) % width : -1);
      }
    }
  }
  return table;
}

/// Largest error against the twin, relative to the twin's largest value; 1e30 where one is no number.
inline double relative_error(const Buffer& got, const Buffer& expected) {
  double worst = 0;
  double scale = 0;
  for (std::int64_t i = 0; i < got.count(); ++i) {
    const double difference = std::fabs(static_cast<double>(got.get(i)) - expected.get(i));
    worst = std::isnan(difference) ? 1e30 : std::fmax(worst, difference);
    scale = std::fmax(scale, std::fabs(static_cast<double>(expected.get(i))));
  }
  return scale > 0 ? worst / scale : worst;
}

inline std::string dtype_name(DType dtype) {
  const char* const names[] = {"f32", "bf16", "f16"};
  return names[static_cast<int>(dtype)];
}

}  // namespace vitral::kernels
