/// The attention algorithm, written once for every instruction set and arithmetic.
///
/// For each head the keys are packed transposed and the values packed by columns (both also gather windows and convert
/// formats); then blocks of query rows go through scores, softmax and product without leaving the first-level cache.
/// Keys are taken in blocks with a running maximum (Milakov & Gimelshein 2018), of which short sequences have one.
#pragma once

#include "common/kernels/attention.h"
#include "common/kernels/attention_plan.h"
#include "common/kernels/panel_gemm.h"
#include "common/kernels/softmax_block.h"

namespace vitral::kernels {
namespace {

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

/// Everything that one head of one batch entry reads and writes.
template <class T>
struct Head {
  Rows<T> q, k, v;
  T* out;
  const float* bias;
  float factor;
};

/// Head number `index` of the plan's order.
template <class T>
Head<T> find_head(const AttentionArgs& args, const AttentionPlan& plan, std::int64_t index) {
  const Windows& windows = args.windows;
  const std::int64_t batch = plan.head_major ? index % args.batch : index / args.heads;
  const std::int64_t head = plan.head_major ? index / args.batch : index % args.heads;
  std::int64_t image = batch;
  std::int64_t bias_entry = batch;
  const std::int32_t* table = nullptr;
  if (windows.tokens != nullptr) {
    const std::int64_t window = batch % windows.count;
    image = batch / windows.count;
    bias_entry = windows.bias_group != nullptr ? windows.bias_group[window] : window;
    table = windows.tokens + window * args.keys;
  }
  const auto rows = [&](const ConstTokens& operand, const void* padding) {
    const TokenStrides& s = operand.strides;
    const T* pad =
        padding == nullptr ? reinterpret_cast<const T*>(kZeroRow) : static_cast<const T*>(padding) + head * s.head;
    return Rows<T>{static_cast<const T*>(operand.data) + image * s.batch + head * s.head, s.token, table, pad};
  };
  const TokenStrides& out = args.out.strides;
  const AttentionBias& bias = args.bias;
  return {rows(args.q, windows.q_padding),
          rows(args.k, windows.k_padding),
          rows(args.v, windows.v_padding),
          static_cast<T*>(args.out.data) + image * out.batch + head * out.head,
          bias.data == nullptr ? nullptr : bias.data + bias_entry * bias.batch + head * bias.head,
          args.scale * (args.head_scale != nullptr ? args.head_scale[head] : 1.0F)};
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
    while (begin < end) {
      const std::int64_t head = begin / plan_.head_tasks;
      const std::int64_t first = begin % plan_.head_tasks * kTaskRows;
      const std::int64_t next = (head + 1) * plan_.head_tasks;
      const std::int64_t tasks = (next < end ? next : end) - begin;
      attend_head(head, next < end, first, smaller(first + tasks * kTaskRows, args_.queries));
      begin += tasks;
    }
  }

 private:
  /// Query rows [first, last) of head `index`; `more` where the head after it follows.
  void attend_head(std::int64_t index, bool more, std::int64_t first, std::int64_t last) {
    head_ = find_head<T>(args_, plan_, index);
    pack_keys(head_.k);
    pack_values(head_.v);
    const Head<T> next = find_head<T>(args_, plan_, more ? index + 1 : index);
    for (std::int64_t row = first; row < last; row += kRowBlock) {
      if (more) prefetch(next, row, row + kRowBlock);
      attend_rows(row, smaller(kRowBlock, last - row));
    }
  }

  /// The next head's rows lie scattered in the projection: they are asked for while this head computes. Tokens are
  /// shared out over the query rows.
  void prefetch(const Head<T>& head, std::int64_t first_row, std::int64_t last_row) const {
    prefetch(head.q, first_row, smaller(last_row, args_.queries));
    const std::int64_t end = smaller(last_row, args_.queries) * args_.keys / args_.queries;
    prefetch(head.k, first_row * args_.keys / args_.queries, end);
    prefetch(head.v, first_row * args_.keys / args_.queries, end);
  }

  void prefetch(const Rows<T>& rows, std::int64_t first, std::int64_t end) const {
    constexpr int kCacheLine = 64;
    constexpr int kSecondLevel = 2;
    for (std::int64_t token = first; token < end; ++token) {
      const char* row = reinterpret_cast<const char*>(rows[token]);
      for (std::int64_t at = 0; at < dim_ * static_cast<std::int64_t>(sizeof(T)); at += kCacheLine) {
        __builtin_prefetch(row + at, 0, kSecondLevel);
      }
    }
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
    for (std::int64_t first = 0; first < args_.keys; first += kLanes) {
      const T* row[kLanes];
      for (int i = 0; i < kLanes; ++i) {
        row[i] = first + i < args_.keys ? keys[first + i] : reinterpret_cast<const T*>(kZeroRow);
      }
      float* panel = scratch_.keys + first * plan_.key_units(C::kPerUnit);
      int d = 0;
      for (; d + kChunk <= dim_; d += kChunk) pack_key_chunk<true>(row, d, panel);
      if (d < dim_) pack_key_chunk<false>(row, d, panel);
      if (args_.cosine) {
        for (int i = 0; i < kLanes; ++i) scratch_.key_factor[first + i] = inverse_norm(row[i], dim_);
      }
    }
  }

  /// Up to sixteen units of sixteen keys.
  template <bool kFull>
  VITRAL_INLINE void pack_key_chunk(const T* const (&row)[kLanes], int d, float* panel) const {
    typename S::Vec block[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) block[i] = C::row_units(row[i] + d, kFull ? kChunk : dim_ - d);
    S::transpose(block);
    const int units = kFull ? kLanes : static_cast<int>(ceil_div(dim_ - d, C::kPerUnit));
    float* to = panel + d / C::kPerUnit * kLanes;
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if (i < units) S::store(to + i * kLanes, block[i]);
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
      const T* row = head_.q[first + r];
      float* to = scratch_.queries + r * kRowStride;
      for (int d = 0; d < dim_; d += kChunk) S::store(to + d / C::kPerUnit, C::row_units(row + d, dim_ - d));
      row_factor_[r] = args_.cosine ? head_.factor * inverse_norm(row, dim_) : head_.factor;
    }
    for (int r = 0; r < count; r += kLanes) {
      S::store(state_.maximum + r, S::broadcast(kNoScore));
      S::store(state_.sum + r, S::broadcast(0.0F));
    }
    for (std::int64_t key = 0; key < args_.keys; key += plan_.key_block) {
      attend_block(first, count, key, smaller(plan_.key_block, args_.keys - key));
    }
    // A row without any key has no products either: zero it is.
    for (int r = 0; r < count; r += kLanes) {
      const auto sum = S::max(S::broadcast(1e-30F), S::load(state_.sum + r));
      S::store(state_.sum + r, S::div(S::broadcast(1.0F), sum));
    }
    for (int r = 0; r < count; ++r) write_row(first + r, scratch_.products + r * kRowStride, state_.sum[r]);
  }

  void attend_block(std::int64_t first, int count, std::int64_t key, int keys) {
    const std::int64_t key_panel = plan_.key_units(C::kPerUnit) * kLanes;
    multiply<C>({scratch_.queries, kRowStride, scratch_.keys + key / kLanes * key_panel, key_panel, scratch_.scores,
                 plan_.score_stride, count, static_cast<int>(ceil_div(keys, kLanes)),
                 static_cast<int>(plan_.key_units(C::kPerUnit)), false});
    const ScoreBlock block = {
        scratch_.scores,
        plan_.score_stride,
        count,
        keys,
        row_factor_,
        args_.cosine ? scratch_.key_factor + key : nullptr,
        head_.bias == nullptr ? nullptr : head_.bias + first * args_.bias.row + key * args_.bias.column,
        args_.bias.row,
        args_.bias.column};
    softmax<C>(block, state_);
    if (key > 0) {
      for (int r = 0; r < count; ++r) scale_row(scratch_.products + r * kRowStride, state_.carry[r]);
    }
    multiply<C>({scratch_.scores, plan_.score_stride, scratch_.values + key / C::kPerUnit * kLanes,
                 plan_.value_units(C::kPerUnit) * kLanes, scratch_.products, kRowStride, count,
                 static_cast<int>(ceil_div(dim_, kLanes)), static_cast<int>(ceil_div(keys, C::kPerUnit)), key > 0});
  }

  void scale_row(float* row, float factor) const {
    const auto factors = S::broadcast(factor);
    for (int d = 0; d < dim_; d += kLanes) S::store(row + d, S::mul(S::load(row + d), factors));
  }

  void write_row(std::int64_t token, const float* from, float factor) const {
    const std::int32_t* table = head_.q.table;
    const std::int64_t at = table != nullptr ? table[token] : token;
    if (at < 0) return;
    T* to = head_.out + at * args_.out.strides.token;
    const auto factors = S::broadcast(factor);
    for (int d = 0; d < dim_; d += kLanes) {
      const auto x = S::mul(S::load(from + d), factors);
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
  Head<T> head_ = {};  ///< the head at hand
  // The query rows at hand.
  SoftmaxState state_ = {};
  float row_factor_[kMaxRows] = {};
};

template <class C, class T>
void attend(const AttentionArgs& args, std::int64_t begin, std::int64_t end, float* scratch) {
  [[maybe_unused]] const typename C::Simd::Guard guard;
  HeadAttention<C, T>(args, scratch).run(begin, end);
}

}  // namespace
}  // namespace vitral::kernels
