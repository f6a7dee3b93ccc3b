/// The attention algorithm, written once for every instruction set and arithmetic.
///
/// For each head the keys are packed transposed and the values packed by columns (both also gather windows and convert
/// formats); then blocks of query rows go through scores, softmax and product without leaving the first-level cache.
/// Keys are taken in blocks with a running maximum (Milakov & Gimelshein 2018), of which short sequences have one.
#pragma once

#include "common/kernels/attention.h"
#include "common/kernels/attention_plan.h"
#include "common/kernels/panel_gemm.h"

namespace vitral::kernels {
namespace {

constexpr float kLog2E = 1.44269504088896340736F;
constexpr float kNoScore = -__builtin_inff();

/// The rows of one operand of one head, in sequence or through the window's table.
template <class T>
struct Rows {
  const T* data;
  std::int64_t stride;
  const std::int32_t* table;  ///< null: in sequence
  const T* padding;

  VITRAL_INLINE const T* operator[](std::int64_t token) const {
    if (table == nullptr) return data + token * stride;
    return table[token] < 0 ? padding : data + table[token] * stride;
  }
};

/// Scores of one query row -> probabilities.
struct SoftmaxRow {
  float factor;             ///< multiplies the scores
  const float* key_factor;  ///< per key, or null
  const float* bias;        ///< per key, or null
  std::int64_t bias_stride;
};

template <class S>
VITRAL_INLINE typename S::Vec load_strided(const float* p, std::int64_t stride, int n) {
  if (stride == 0) return S::broadcast(*p);
  if (stride == 1) return n >= kLanes ? S::load(p) : S::load_some(p, n);
  float lanes[kLanes] = {};
  for (int i = 0; i < n && i < kLanes; ++i) lanes[i] = p[i * stride];
  return S::load(lanes);
}

/// scores[0..n) become log2(e) * (factor * key_factor * score + bias); those up to the vector's end -infinity.
template <class S>
void finish_scores(float* scores, int n, const SoftmaxRow& row) {
  const auto factor = S::broadcast(row.factor * kLog2E);
  for (int j = 0; j < n; j += kLanes) {
    auto t = S::mul(S::load(scores + j), factor);
    if (row.key_factor != nullptr) t = S::mul(t, S::load(row.key_factor + j));
    if (row.bias != nullptr) {
      t = S::fma(load_strided<S>(row.bias + j * row.bias_stride, row.bias_stride, n - j), S::broadcast(kLog2E), t);
    }
    S::store(scores + j, t);
  }
}

/// Turns scores into exp(score - maximum), written as units of C over the scores; adds to `sum`, raises `maximum` (of
/// log2(e) * score). Returns what earlier sums and products of this row have to be multiplied with.
template <class C>
float softmax_row(float* scores, int n, const SoftmaxRow& row, float& maximum, float& sum) {
  using S = typename C::Simd;
  float factor = row.factor * kLog2E;
  if (row.bias != nullptr || row.key_factor != nullptr || !(factor > 0)) {
    finish_scores<S>(scores, n, row);
    factor = 1;
  }
  const int last = (n - 1) / kLanes * kLanes;
  S::store(scores + last, S::keep(S::load(scores + last), n - last, kNoScore));
  auto best = S::load(scores);
  for (int j = kLanes; j < n; j += kLanes) best = S::max(best, S::load(scores + j));
  const float block_maximum = S::reduce_max(best) * factor;
  const float old_maximum = maximum;
  maximum = block_maximum > old_maximum ? block_maximum : old_maximum;
  const float reference = maximum == kNoScore ? 0.0F : maximum;
  const auto minus_reference = S::broadcast(-reference);
  const auto factors = S::broadcast(factor);
  auto sums = S::broadcast(0.0F);
  for (int j = 0; j < n; j += kLanes) {
    const auto e = S::exp2(S::fma(S::load(scores + j), factors, minus_reference));
    sums = S::add(sums, e);
    C::store_row(scores, j, e);
  }
  const float carry = old_maximum == kNoScore ? 0.0F : __builtin_exp2f(old_maximum - reference);
  sum = sum * carry + S::reduce_add(sums);
  return carry;
}

/// Attention of one head at a time, for operands of type T with the arithmetic C.
template <class C, class T>
class HeadAttention {
  using S = typename C::Simd;
  static constexpr int kChunk = kLanes * C::kPerUnit;  ///< numbers in sixteen units

 public:
  HeadAttention(const AttentionArgs& args, float* scratch)
      : args_(args), plan_(args), scratch_(plan_.carve(scratch)), dim_(static_cast<int>(args.head_dim)) {}

  void run(std::int64_t begin, std::int64_t end) {
    std::int64_t packed = -1;
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t head = task / plan_.row_blocks;
      if (head != packed) select_head(head);
      packed = head;
      const std::int64_t first = task % plan_.row_blocks * kRowBlock;
      attend_rows(first, smaller(kRowBlock, args_.queries - first));
    }
  }

 private:
  Rows<T> rows(const ConstTokens& operand, const void* padding, std::int64_t image, const std::int32_t* table) const {
    const TokenStrides& s = operand.strides;
    const T* pad =
        padding == nullptr ? reinterpret_cast<const T*>(kZeroRow) : static_cast<const T*>(padding) + head_ * s.head;
    return {static_cast<const T*>(operand.data) + image * s.batch + head_ * s.head, s.token, table, pad};
  }

  void select_head(std::int64_t index) {
    const Windows& windows = args_.windows;
    const std::int64_t batch = index / args_.heads;
    head_ = index % args_.heads;
    std::int64_t image = batch;
    std::int64_t bias_entry = batch;
    table_ = nullptr;
    if (windows.tokens != nullptr) {
      const std::int64_t window = batch % windows.count;
      image = batch / windows.count;
      bias_entry = windows.bias_group != nullptr ? windows.bias_group[window] : window;
      table_ = windows.tokens + window * args_.keys;
    }
    q_ = rows(args_.q, windows.q_padding, image, table_);
    out_ = static_cast<T*>(args_.out.data) + image * args_.out.strides.batch + head_ * args_.out.strides.head;
    bias_ = args_.bias.data;
    if (bias_ != nullptr) bias_ += bias_entry * args_.bias.batch + head_ * args_.bias.head;
    factor_ = args_.scale * (args_.head_scale != nullptr ? args_.head_scale[head_] : 1.0F);
    pack_keys(rows(args_.k, windows.k_padding, image, table_));
    pack_values(rows(args_.v, windows.v_padding, image, table_));
  }

  static float inverse_norm(const T* row, int dim) {
    auto sum = S::broadcast(0.0F);
    for (int d = 0; d < dim; d += kLanes) {
      const auto x = dim - d >= kLanes ? S::load(row + d) : S::load_some(row + d, dim - d);
      sum = S::fma(x, x, sum);
    }
    constexpr float kSmallest = 1e-12F;  // torch.nn.functional.normalize
    const float norm = __builtin_sqrtf(S::reduce_add(sum));
    return 1.0F / (norm > kSmallest ? norm : kSmallest);
  }

  /// [panel][feature][16 keys]; keys that do not exist are zero.
  void pack_keys(const Rows<T>& keys) {
    const T* const nothing = reinterpret_cast<const T*>(kZeroRow);
    for (std::int64_t first = 0; first < args_.keys; first += kLanes) {
      float* panel = scratch_.keys + first * plan_.key_units(C::kPerUnit);
      const T* row[kLanes];
      for (int i = 0; i < kLanes; ++i) row[i] = first + i < args_.keys ? keys[first + i] : nothing;
      for (int d = 0; d < dim_; d += kChunk) {
        typename S::Vec block[kLanes];
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) block[i] = C::row_units(row[i] + d, dim_ - d);
        S::transpose(block);
        const int units = smaller(kLanes, ceil_div(dim_ - d, C::kPerUnit));
        for (int i = 0; i < units; ++i) S::store(panel + (d / C::kPerUnit + i) * kLanes, block[i]);
      }
      if (args_.cosine) {
        for (int i = 0; i < kLanes; ++i) scratch_.key_factor[first + i] = inverse_norm(row[i], dim_);
      }
    }
  }

  /// [panel of 16 features][key][16].
  void pack_values(const Rows<T>& values) {
    const std::int64_t panel_stride = plan_.value_units(C::kPerUnit) * kLanes;
    for (std::int64_t j = 0; j < args_.keys; j += C::kPerUnit) {
      const T* row[C::kPerUnit];
      for (int i = 0; i < C::kPerUnit; ++i) {
        row[i] = j + i < args_.keys ? values[j + i] : reinterpret_cast<const T*>(kZeroRow);
      }
      float* to = scratch_.values + j / C::kPerUnit * kLanes;
      for (int d = 0; d < dim_; d += kLanes, to += panel_stride) S::store(to, C::column_units(row, d, dim_ - d));
    }
  }

  void attend_rows(std::int64_t first, int count) {
    for (int r = 0; r < count; ++r) {
      const T* row = q_[first + r];
      float* to = scratch_.queries + r * kRowStride;
      for (int d = 0; d < dim_; d += kChunk) S::store(to + d / C::kPerUnit, C::row_units(row + d, dim_ - d));
      maximum_[r] = kNoScore;
      sum_[r] = 0;
      row_factor_[r] = args_.cosine ? factor_ * inverse_norm(row, dim_) : factor_;
    }
    for (std::int64_t key = 0; key < args_.keys; key += plan_.key_block) {
      attend_block(first, count, key, smaller(plan_.key_block, args_.keys - key));
    }
    for (int r = 0; r < count; ++r) write_row(first + r, r);
  }

  void attend_block(std::int64_t first, int count, std::int64_t key, int keys) {
    const std::int64_t key_panel = plan_.key_units(C::kPerUnit) * kLanes;
    multiply<C>({scratch_.queries, kRowStride, scratch_.keys + key / kLanes * key_panel, key_panel, scratch_.scores,
                 plan_.score_stride, count, static_cast<int>(ceil_div(keys, kLanes)),
                 static_cast<int>(plan_.key_units(C::kPerUnit)), false});
    for (int r = 0; r < count; ++r) {
      const SoftmaxRow row = {
          row_factor_[r], args_.cosine ? scratch_.key_factor + key : nullptr,
          bias_ == nullptr ? nullptr : bias_ + (first + r) * args_.bias.row + key * args_.bias.column,
          args_.bias.column};
      const float carry = softmax_row<C>(scratch_.scores + r * plan_.score_stride, keys, row, maximum_[r], sum_[r]);
      if (key > 0) scale_row(scratch_.products + r * kRowStride, carry);
    }
    multiply<C>({scratch_.scores, plan_.score_stride, scratch_.values + key / C::kPerUnit * kLanes,
                 plan_.value_units(C::kPerUnit) * kLanes, scratch_.products, kRowStride, count,
                 static_cast<int>(ceil_div(dim_, kLanes)), static_cast<int>(ceil_div(keys, C::kPerUnit)), key > 0});
  }

  void scale_row(float* row, float factor) const {
    const auto factors = S::broadcast(factor);
    for (int d = 0; d < dim_; d += kLanes) S::store(row + d, S::mul(S::load(row + d), factors));
  }

  void write_row(std::int64_t token, int r) const {
    std::int64_t at = token;
    if (table_ != nullptr) at = table_[token];
    if (at < 0) return;
    T* to = out_ + at * args_.out.strides.token;
    const auto factor = S::broadcast(sum_[r] > 0 || sum_[r] != sum_[r] ? 1.0F / sum_[r] : 0.0F);
    const float* from = scratch_.products + r * kRowStride;
    for (int d = 0; d < dim_; d += kLanes) {
      const auto x = S::mul(S::load(from + d), factor);
      if (dim_ - d >= kLanes) {
        S::store(to + d, x);
      } else {
        S::store_some(to + d, x, dim_ - d);
      }
    }
  }

  const AttentionArgs& args_;
  const AttentionPlan plan_;
  const AttentionScratch scratch_;
  const int dim_;
  // The head at hand.
  std::int64_t head_ = 0;
  Rows<T> q_ = {};
  T* out_ = nullptr;
  const float* bias_ = nullptr;
  const std::int32_t* table_ = nullptr;
  float factor_ = 1;
  // The query rows at hand.
  float maximum_[kRowBlock] = {};
  float sum_[kRowBlock] = {};
  float row_factor_[kRowBlock] = {};
};

template <class C, class T>
void attend(const AttentionArgs& args, std::int64_t begin, std::int64_t end, float* scratch) {
  HeadAttention<C, T>(args, scratch).run(begin, end);
}

}  // namespace
}  // namespace vitral::kernels
