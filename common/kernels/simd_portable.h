/// Sixteen fp32 lanes in plain C++: what the kernels fall back to, and the definition of what the others compute.
///
/// Everything here has internal linkage: the same names compiled with other flags in other files must not meet.
#pragma once

#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

struct Portable {
  struct Vec {
    float lane[kLanes];
  };
  struct Guard {};                      ///< lives while a kernel computes; see FlushSubnormals
  static constexpr int kMaxPanels = 1;  ///< vectors of accumulators a row that the registers hold

  template <class F>
  static VITRAL_INLINE Vec map(F&& f) {
    Vec r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = f(i);
    return r;
  }

  static Vec broadcast(float x) {
    return map([=](int) { return x; });
  }

  template <class T>
  static Vec load(const T* p) {
    return map([=](int i) { return to_float(p[i]); });
  }

  /// Lanes from `n` on are zero, and are not read.
  template <class T>
  static Vec load_some(const T* p, int n) {
    return map([=](int i) { return i < n ? to_float(p[i]) : 0.0F; });
  }

  template <class T>
  static void store(T* p, Vec v) {
    for (int i = 0; i < kLanes; ++i) p[i] = from_float<T>(v.lane[i]);
  }

  template <class T>
  static void store_some(T* p, Vec v, int n) {
    for (int i = 0; i < n; ++i) p[i] = from_float<T>(v.lane[i]);
  }

  /// Lanes from `n` on become `other`.
  static Vec keep(Vec v, int n, float other) {
    return map([=](int i) { return i < n ? v.lane[i] : other; });
  }

  static Vec add(Vec a, Vec b) {
    return map([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static Vec sub(Vec a, Vec b) {
    return map([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static Vec mul(Vec a, Vec b) {
    return map([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static Vec div(Vec a, Vec b) {
    return map([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  static Vec max(Vec a, Vec b) {
    return map([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static Vec min(Vec a, Vec b) {
    return map([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  /// a * b + c
  static Vec fma(Vec a, Vec b, Vec c) {
    return map([&](int i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
  }

  static float reduce_add(Vec v) {
    float sum = 0;
    for (int i = 0; i < kLanes; ++i) sum += v.lane[i];
    return sum;
  }
  /// to[i] = what v[i] folds to.
  static void reduce_add(const Vec (&v)[4], float* to) {
    for (int i = 0; i < 4; ++i) to[i] = reduce_add(v[i]);
  }
  static void reduce_max(const Vec (&v)[4], float* to) {
    for (int i = 0; i < 4; ++i) {
      to[i] = v[i].lane[0];
      for (int k = 1; k < kLanes; ++k) to[i] = v[i].lane[k] > to[i] ? v[i].lane[k] : to[i];
    }
  }

  /// 2^t for t < 128; below -126 zero or subnormal, zero at -infinity; what is no number stays none.
  template <int kDegree = 5>
  static Vec exp2(Vec t) {
    const Vec clamped = map([&](int i) { return t.lane[i] < -127.0F ? -127.0F : t.lane[i]; });
    const Vec whole = map([&](int i) { return __builtin_floorf(clamped.lane[i]); });
    const Vec power = exp2_polynomial<Portable, kDegree>(sub(clamped, whole));
    return map([&](int i) {
      if (whole.lane[i] != whole.lane[i]) return whole.lane[i];
      return power.lane[i] * as_float(static_cast<std::uint32_t>(static_cast<int>(whole.lane[i]) + 127) << 23);
    });
  }

  static void transpose(Vec (&rows)[kLanes]) {
    for (int i = 0; i < kLanes; ++i) {
      for (int j = i + 1; j < kLanes; ++j) {
        const float other = rows[i].lane[j];
        rows[i].lane[j] = rows[j].lane[i];
        rows[j].lane[i] = other;
      }
    }
  }
};

}  // namespace
}  // namespace vitral::kernels
