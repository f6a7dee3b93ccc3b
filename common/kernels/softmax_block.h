/// Softmax over the keys of a few query rows, in place and in the first-level cache.
///
/// The work goes in phases over all rows, four rows together: done row after row, short sequences spend most of the
/// time waiting for sixteen lanes to be folded into one maximum or one sum.
#pragma once

#include "common/kernels/simd_common.h"

namespace vitral::kernels {
namespace {

constexpr float kLog2E = 1.44269504088896340736F;
constexpr float kNoScore = -__builtin_inff();
constexpr int kRowsTogether = 4;
constexpr int kMaxRows = 32;  ///< rows of a block at most; whole vectors

/// Scores of some query rows against a block of keys. Arrays over rows have sixteen entries; in memory there are as
/// many rows of scores as `rows` rounded up to four.
struct ScoreBlock {
  float* scores;
  std::int64_t stride;
  int rows;
  int keys;
  const float* factor;      ///< [rows] multiplies the scores
  const float* key_factor;  ///< [keys] multiplies them too, or null
  const float* bias;        ///< is added, or null
  std::int64_t bias_row;
  std::int64_t bias_column;

  VITRAL_INLINE float* row(int r) const { return scores + r * stride; }
  /// The bias of row `r`; what lies behind the last row has that of the last.
  VITRAL_INLINE const float* bias_of(int r) const { return bias + (r < rows ? r : rows - 1) * bias_row; }
  /// Scores can be compared as they are while the factor keeps their order.
  VITRAL_INLINE bool comparable() const { return bias == nullptr && key_factor == nullptr && factor[0] > 0; }
};

/// What is known of each row from the blocks of keys so far, in units of log2(e) * score.
struct SoftmaxState {
  float maximum[kMaxRows];
  float sum[kMaxRows];
  float carry[kMaxRows];  ///< what sums and products before the last block had to be multiplied with
};

template <class S>
VITRAL_INLINE typename S::Vec load_strided(const float* p, std::int64_t stride, int n) {
  if (stride == 0) return S::broadcast(*p);
  float lanes[kLanes] = {};
  for (int i = 0; i < n && i < kLanes; ++i) lanes[i] = p[i * stride];
  return S::load(lanes);
}

/// Scores of rows [first, first + 4) become factor * key_factor * score + bias, those behind the last key -infinity;
/// `best` becomes the lanes' maxima. `load_bias` gets a row's bias at a key, how many keys are left, and the stride.
template <class S, bool kKeyFactor, class LoadBias>
VITRAL_INLINE void finish_scores(const ScoreBlock& block, int first, typename S::Vec (&best)[kRowsTogether],
                                 LoadBias load_bias) {
  const float* bias[kRowsTogether];
  typename S::Vec factor[kRowsTogether];
#pragma GCC unroll 4
  for (int r = 0; r < kRowsTogether; ++r) {
    bias[r] = block.bias_of(first + r);
    factor[r] = S::broadcast(block.factor[first + r]);
    best[r] = S::broadcast(kNoScore);
  }
  const auto finish = [&](int r, int j, int left) __attribute__((always_inline)) {
    float* at = block.row(first + r) + j;
    auto t = S::load(at);
    if constexpr (kKeyFactor) t = S::mul(t, S::load(block.key_factor + j));
    t = S::fma(t, factor[r], load_bias(bias[r] + j * block.bias_column, left));
    if (left < kLanes) t = S::keep(t, left, kNoScore);
    S::store(at, t);
    best[r] = S::max(best[r], t);
  };
  int j = 0;
  for (; j + kLanes <= block.keys; j += kLanes) {
#pragma GCC unroll 4
    for (int r = 0; r < kRowsTogether; ++r) finish(r, j, kLanes);
  }
  if (j == block.keys) return;
#pragma GCC unroll 4
  for (int r = 0; r < kRowsTogether; ++r) finish(r, j, block.keys - j);
}

template <class S, bool kKeyFactor>
VITRAL_INLINE void finish_scores(const ScoreBlock& block, int first, typename S::Vec (&best)[kRowsTogether]) {
  using Vec = typename S::Vec;
  if (block.bias == nullptr) {
    finish_scores<S, kKeyFactor>(
        block, first, best, [](const float*, int) __attribute__((always_inline)) { return S::broadcast(0.0F); });
  } else if (block.bias_column == 1) {
    finish_scores<S, kKeyFactor>(
        block, first, best, [](const float* p, int n) __attribute__((always_inline))->Vec {
          return n >= kLanes ? S::load(p) : S::load_some(p, n);
        });
  } else {
    const std::int64_t stride = block.bias_column;
    finish_scores<S, kKeyFactor>(block, first, best,
                                 [stride](const float* p, int n) { return load_strided<S>(p, stride, n); });
  }
}

/// Maxima of the scores as they are; those behind the last key become -infinity.
template <class S>
VITRAL_INLINE void find_maxima(const ScoreBlock& block, int first, typename S::Vec (&best)[kRowsTogether]) {
  const int last = (block.keys - 1) / kLanes * kLanes;
#pragma GCC unroll 4
  for (int r = 0; r < kRowsTogether; ++r) {
    float* end = block.row(first + r) + last;
    best[r] = S::keep(S::load(end), block.keys - last, kNoScore);
    S::store(end, best[r]);
  }
  for (int j = 0; j < last; j += kLanes) {
#pragma GCC unroll 4
    for (int r = 0; r < kRowsTogether; ++r) best[r] = S::max(best[r], S::load(block.row(first + r) + j));
  }
}

/// The maximum of every row; makes the scores comparable where they are not.
template <class S>
VITRAL_INLINE void find_maxima(const ScoreBlock& block, float* maxima) {
  for (int r = 0; r < block.rows; r += kRowsTogether) {
    typename S::Vec best[kRowsTogether];
    if (block.comparable()) {
      find_maxima<S>(block, r, best);
    } else if (block.key_factor != nullptr) {
      finish_scores<S, true>(block, r, best);
    } else {
      finish_scores<S, false>(block, r, best);
    }
    S::reduce_max(best, maxima + r);
  }
}

/// Four rows of exp2(factor * score - reference), written as units of C over the scores; their sums.
template <class C>
VITRAL_INLINE void exponentiate(const ScoreBlock& block, int first, const float* factor, const float* reference,
                                float* sum) {
  using S = typename C::Simd;
  using Vec = typename S::Vec;
  Vec sums[kRowsTogether];
  Vec factors[kRowsTogether];
  Vec minus_reference[kRowsTogether];
#pragma GCC unroll 4
  for (int r = 0; r < kRowsTogether; ++r) {
    sums[r] = S::broadcast(0.0F);
    factors[r] = S::broadcast(factor[first + r]);
    minus_reference[r] = S::broadcast(-reference[first + r]);
  }
  for (int j = 0; j < block.keys; j += kLanes) {
#pragma GCC unroll 4
    for (int r = 0; r < kRowsTogether; ++r) {
      float* row = block.row(first + r);
      const Vec e = S::template exp2<C::kExpDegree>(S::fma(S::load(row + j), factors[r], minus_reference[r]));
      sums[r] = S::add(sums[r], e);
      C::store_row(row, j, e);
    }
  }
  S::reduce_add(sums, sum + first);
}

/// Turns the scores of a block into exp(score - maximum so far) and brings the state up to date.
template <class C>
void softmax(const ScoreBlock& block, SoftmaxState& state) {
  using S = typename C::Simd;
  float maxima[kMaxRows];
  float factor[kMaxRows];
  float reference[kMaxRows];
  float sums[kMaxRows];
  find_maxima<S>(block, maxima);
  const auto log2_e = S::broadcast(kLog2E);
  for (int r = 0; r < block.rows; r += kLanes) {
    const auto f = block.comparable() ? S::mul(S::load(block.factor + r), log2_e) : log2_e;
    const auto before = S::load(state.maximum + r);
    const auto now = S::max(before, S::mul(S::load(maxima + r), f));
    // Of a row without any key yet the maximum is -infinity, and -infinity minus itself would be no number.
    const auto finite = S::max(now, S::broadcast(-3e38F));
    S::store(state.maximum + r, now);
    S::store(state.carry + r, S::template exp2<>(S::sub(before, finite)));
    S::store(factor + r, f);
    S::store(reference + r, finite);
  }
  for (int r = 0; r < block.rows; r += kRowsTogether) exponentiate<C>(block, r, factor, reference, sums);
  for (int r = 0; r < block.rows; r += kLanes) {
    S::store(state.sum + r, S::fma(S::load(state.sum + r), S::load(state.carry + r), S::load(sums + r)));
  }
}

}  // namespace
}  // namespace vitral::kernels
