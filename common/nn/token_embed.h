/// A vector for each token of a vocabulary.
#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace vitral::nn {

/// Parameter `weight` [V, C], normal with deviation 1 / sqrt(C) at first, so that scaled embeddings and tied logits
/// have unit size.
class TokenEmbedImpl : public torch::nn::Cloneable<TokenEmbedImpl> {
 public:
  TokenEmbedImpl(std::int64_t tokens_, std::int64_t dim_) : tokens(tokens_), dim(dim_) { reset(); }
  void reset() override;
  /// ids int64 [...], 0 to V - 1 -> [..., C]. Throws Error(failed) naming an id that is out of range.
  at::Tensor forward(const at::Tensor& ids);
  /// The tied output layer (Press and Wolf 2017): x [..., C] -> [..., V].
  at::Tensor logits(const at::Tensor& x);

  std::int64_t tokens, dim;
  at::Tensor weight;
};
TORCH_MODULE(TokenEmbed);

}  // namespace vitral::nn
