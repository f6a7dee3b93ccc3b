/// The softmax attention of the whole repository, and the multi-head layer around it.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <optional>

#include "common/nn/linear.h"
#include "common/nn/recording.h"

namespace vitral::nn {

struct AttendOptions {
  /// Added to the scores before the softmax; broadcastable to [B, H, N, M]. -inf takes a key out.
  at::Tensor bias;
  /// Factor of q k^T; 1 / sqrt(D) unless named.
  std::optional<double> scale;
  /// Probability of dropping a weight, while training.
  double dropout = 0.0;
  /// Where to leave the weights [B, H, N, M], part of the graph where gradients are enabled; asking for them takes the
  /// plain path.
  at::Tensor* weights = nullptr;
};

/// softmax(q k^T * scale + bias) v (Vaswani et al. 2017, equation 1).
/// q [B, H, N, D], k and v [B, H, M, D], any strides -> [B, N, H * D], contiguous. The softmax runs in fp32.
/// Rows whose keys are all taken out give zeros.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttendOptions& options = {});

/// The same by the textbook: explicit scores, for any dtype and device. attend() is tested against it.
at::Tensor attend_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttendOptions& options = {});

/// [B, N, H * D] -> a view [B, H, N, D].
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads);

struct MultiheadAttentionOptions {
  MultiheadAttentionOptions(std::int64_t dim, std::int64_t heads) : dim(dim), heads(heads) {}
  std::int64_t dim, heads;
  TORCH_ARG(bool, qkv_bias) = true;
  TORCH_ARG(double, dropout) = 0.0;
};

/// Keys and values [B, M, C] that are computed once, while queries come one by one.
struct KeyValues {
  at::Tensor keys, values;
};

/// Multi-head attention (Vaswani et al. 2017, section 3.2), one packed projection for q, k and v.
/// Children `qkv` [3C, C] (rows: q, k, v) and `proj` [C, C].
class MultiheadAttentionImpl : public torch::nn::Cloneable<MultiheadAttentionImpl>, public Recording {
 public:
  explicit MultiheadAttentionImpl(const MultiheadAttentionOptions& options_);
  void reset() override;

  /// Self-attention. x [B, N, C] -> [B, N, C]; `bias` as in AttendOptions; `residual` [B, N, C] is added to the result.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias = {}, const at::Tensor& residual = {});

  /// query [B, N, C], key and value [B, M, C] -> [B, N, C]. Inputs that are the same tensor share one projection.
  at::Tensor forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& bias,
                     const at::Tensor& residual);

  /// The same in two steps, for queries whose projection is known: query [B, N, C] -> q [B, N, C], and what follows.
  at::Tensor project_query(const at::Tensor& query) { return qkv->forward_rows(query, 0, options.dim); }
  at::Tensor forward_projected(const at::Tensor& q, const at::Tensor& key, const at::Tensor& value, const at::Tensor& bias,
                               const at::Tensor& residual);

  /// Self-attention of the tokens x [B, N, C] that come after those in `past`, to all of them; appends theirs to `past`.
  at::Tensor forward_next(const at::Tensor& x, KeyValues& past, const at::Tensor& bias, const at::Tensor& residual);
  /// The keys and values of key and value [B, M, C], for forward_known.
  KeyValues remember(const at::Tensor& key, const at::Tensor& value);
  /// As forward(query, key, value, …) with what `remember` gave of key and value.
  at::Tensor forward_known(const at::Tensor& query, const KeyValues& known, const at::Tensor& bias,
                           const at::Tensor& residual);

  MultiheadAttentionOptions options;
  Linear qkv = nullptr, proj = nullptr;

 private:
  at::Tensor project(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
                     const at::Tensor& residual);
};
TORCH_MODULE(MultiheadAttention);

}  // namespace vitral::nn
