/// A few problems (a head of a batch entry each) that one block of threads solves: keys and values are laid side by
/// side in the block's memory, then every query passes over them with a softmax that runs along (Milakov & Gimelshein
/// 2018).
#pragma once

#include <cmath>
#include <type_traits>

#include "common/core/error.h"
#include "common/kernels/cuda/attention.h"
#include "common/kernels/cuda/team.h"

namespace vitral::kernels::cuda {
namespace {

constexpr float kNoScore = -__builtin_inff();

/// One head of one batch entry; how its tokens lie in memory.
struct AttentionProblem {
  std::int64_t head, batch, image, window;

  VITRAL_INLINE AttentionProblem(const AttentionArgs& args, std::uint32_t problem) {
    const auto heads = static_cast<std::uint32_t>(args.heads), entry = problem / heads;
    const bool windowed = args.windows.tokens != nullptr;
    const auto windows = windowed ? static_cast<std::uint32_t>(args.windows.count) : 1U;
    head = problem % heads;
    batch = entry;
    image = entry / windows;
    window = entry % windows;
  }

  /// The row of the image that a token is, -1 for padding.
  VITRAL_INLINE std::int64_t row(const AttentionArgs& args, std::int64_t token) const {
    return args.windows.tokens != nullptr ? args.windows.tokens[window * args.keys + token] : token;
  }

  /// The numbers of a token, or null where padding reads zeros.
  template <class T>
  VITRAL_INLINE const T* read(const ConstTokens& operand, const void* padding, std::int64_t row) const {
    const TokenStrides& s = operand.strides;
    if (row >= 0) return static_cast<const T*>(operand.data) + image * s.batch + head * s.head + row * s.token;
    return padding != nullptr ? static_cast<const T*>(padding) + head * s.head : nullptr;
  }

  /// Of a query's first key.
  VITRAL_INLINE const float* bias(const AttentionArgs& args, std::int64_t query) const {
    if (args.bias.data == nullptr) return nullptr;
    std::int64_t entry = batch;
    if (args.windows.tokens != nullptr)
      entry = args.windows.bias_group != nullptr ? args.windows.bias_group[window] : window;
    return args.bias.data + entry * args.bias.batch + head * args.bias.head + query * args.bias.row;
  }
};

/// Heads of up to D numbers of format T; what a head lacks is filled with zeros.
template <class T, int D>
struct AttentionBlock {
  static constexpr int kQueriesOfBlock = 128;  ///< about so many threads get a query each
  static constexpr int kKeysAtOnce = 8;        ///< scores between two looks at the largest
  static constexpr int kAlignment = D % 4 == 0 ? 16 : 8;

  explicit AttentionBlock(const AttentionArgs& from) : args(from) {
    const std::int64_t all = args.batch * args.heads, fits = kMostSharedBytes / bytes_of(1);
    std::int64_t few = kQueriesOfBlock / args.queries;
    few = few < fits ? few : fits;
    few = few < all ? few : all;
    problems = static_cast<std::uint32_t>(few > 1 ? few : 1);
  }

  AttentionArgs args;
  std::uint32_t problems;  ///< of a block

  std::int64_t count() const { return (args.batch * args.heads + problems - 1) / problems; }
  std::int64_t bytes() const { return bytes_of(problems); }
  std::int64_t threads() const { return problems * args.queries; }  ///< that have something to do

  /// `shared`: bytes() of memory, aligned to kAlignment.
  template <class Team>
  VITRAL_INLINE void operator()(const Team& team, std::int64_t block, float* shared) const {
    const auto first = static_cast<std::uint32_t>(block) * problems;
    const auto all = static_cast<std::uint32_t>(args.batch * args.heads);
    const std::uint32_t here = all - first < problems ? all - first : problems;
    const auto tokens = static_cast<std::uint32_t>(args.keys), queries = static_cast<std::uint32_t>(args.queries);
    float* keys = shared;
    float* values = keys + std::int64_t{problems} * tokens * D;
    float* factors = values + std::int64_t{problems} * tokens * D;
    team.for_each(std::int64_t{here} * tokens * D, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      const auto token = static_cast<std::uint32_t>(i) / D;
      const AttentionProblem at(args, first + token / tokens);
      const std::int64_t row = at.row(args, token % tokens);
      const auto d = static_cast<int>(i % D);
      keys[i] = number(at.read<T>(args.k, args.windows.k_padding, row), d);
      values[i] = number(at.read<T>(args.v, args.windows.v_padding, row), d);
    });
    if (args.cosine) {
      team.for_each(std::int64_t{here} * tokens,
                    [&](std::int64_t i) VITRAL_INLINE_LAMBDA { factors[i] = key_factor(keys + i * D, i); });
    }
    team.for_each(std::int64_t{here} * queries, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      const auto problem = static_cast<std::uint32_t>(i) / queries;
      const std::int64_t begin = std::int64_t{problem} * tokens;
      attend(AttentionProblem(args, first + problem), static_cast<std::uint32_t>(i) % queries, keys + begin * D,
             values + begin * D, factors + begin);
    });
  }

 private:
  std::int64_t bytes_of(std::int64_t count) const {
    return count * args.keys * (2 * D + 1) * static_cast<std::int64_t>(sizeof(float));
  }

  VITRAL_INLINE float number(const T* token, int d) const {
    return token != nullptr && d < args.head_dim ? to_float(token[d]) : 0.0F;
  }

  /// 1 / |key|. Neighbours begin at different numbers, which lie in different banks of the block's memory.
  VITRAL_INLINE static float key_factor(const float* key, std::int64_t token) {
    float squares = 0;
    for (int i = 0; i < D; ++i) {
      const float x = key[(i + static_cast<std::uint32_t>(token)) % D];
      squares += x * x;
    }
    return one_over_norm(squares);
  }

  /// As torch.nn.functional.normalize.
  VITRAL_INLINE static float one_over_norm(float squares) {
    const float norm = ::sqrtf(squares);
    return 1.0F / (norm < 1e-12F ? 1e-12F : norm);
  }

  VITRAL_INLINE static float dot(const float (&q)[D], const float* key) {
    const auto* k = static_cast<const float*>(__builtin_assume_aligned(key, kAlignment));
    float sums[2] = {};  // one would wait for itself
    for (int d = 0; d < D; ++d) sums[d % 2] += q[d] * k[d];
    return sums[0] + sums[1];
  }

  VITRAL_INLINE void attend(const AttentionProblem& at, std::int64_t query, const float* keys, const float* values,
                            const float* factors) const {
    const std::int64_t row = at.row(args, query);
    if (row < 0) return;
    float q[D], sum[D], squares = 0;
    const T* from = at.read<T>(args.q, args.windows.q_padding, row);
    for (int d = 0; d < D; ++d) {
      q[d] = number(from, d);
      squares += q[d] * q[d];
      sum[d] = 0;
    }
    float scale = args.head_scale != nullptr ? args.scale * args.head_scale[at.head] : args.scale;
    if (args.cosine) scale *= one_over_norm(squares);
    const float* bias = at.bias(args, query);
    const auto tokens = static_cast<int>(args.keys);
    float most = kNoScore, total = 0;
    for (int begin = 0; begin < tokens; begin += kKeysAtOnce) {
      float scores[kKeysAtOnce], before = most;
      for (int i = 0; i < kKeysAtOnce; ++i) {
        const int key = begin + i;
        scores[i] = kNoScore;
        if (key >= tokens) continue;
        const float product = dot(q, keys + key * D) * scale;
        scores[i] =
            (args.cosine ? product * factors[key] : product) + (bias != nullptr ? bias[key * args.bias.column] : 0.0F);
        most = most < scores[i] ? scores[i] : most;
      }
      const float shrink = before < most ? ::expf(before - most) : 1.0F;
      total *= shrink;
      for (int d = 0; d < D; ++d) sum[d] *= shrink;
      for (int i = 0; i < kKeysAtOnce; ++i) {
        if (begin + i >= tokens) continue;
        const float weight =
            scores[i] == kNoScore ? 0.0F : ::expf(scores[i] - most);  // without any key: no number - it
        const auto* value = static_cast<const float*>(__builtin_assume_aligned(values + (begin + i) * D, kAlignment));
        total += weight;
        for (int d = 0; d < D; ++d) sum[d] += weight * value[d];
      }
    }
    write(at, row, sum, total == 0 ? 0.0F : 1.0F / total);
  }

  VITRAL_INLINE void write(const AttentionProblem& at, std::int64_t row, const float (&sum)[D], float factor) const {
    const TokenStrides& s = args.out.strides;
    T* out = static_cast<T*>(args.out.data) + at.image * s.batch + at.head * s.head + row * s.token;
    for (int d = 0; d < D; ++d) {
      if (d < args.head_dim) out[d] = from_float<T>(sum[d] * factor);
    }
  }
};

template <class F>
void with_head_dim(std::int64_t head_dim, const F& f) {
  if (head_dim <= 6) return f(std::integral_constant<int, 6>());
  if (head_dim <= 10) return f(std::integral_constant<int, 10>());
  if (head_dim <= 16) return f(std::integral_constant<int, 16>());
  f(std::integral_constant<int, kMostHeadDim>());
}

/// f(the function of this number format and head), of arguments that it checks.
template <class F>
void with_block(const AttentionArgs& args, const F& f) {
  if (attention_tasks(args) == 0) return;
  if (!attention_fits(args)) throw Error(ErrorKind::failed, "attention", "a head does not fit into a block's memory");
  with_number(args.dtype, [&](auto number) {
    with_head_dim(args.head_dim, [&](auto dim) { f(AttentionBlock<decltype(number), decltype(dim)::value>(args)); });
  });
}

}  // namespace
}  // namespace vitral::kernels::cuda
