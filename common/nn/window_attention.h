/// Attention inside the windows of an image (Liu et al. 2021, section 3.2), read from and written to image order:
/// shift, partition and padding are a table, not copies.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::nn {

/// Where the tokens of every window lie in an image of L tokens. All tensors on the device of the activations.
struct WindowTable {
  at::Tensor tokens;     ///< int32 [windows, N]: the token's place in the image, -1: padding
  at::Tensor gather;     ///< int64 [windows * N]: the same with L for padding
  at::Tensor scatter;    ///< int64 [L]: where a token of the image stands among the windows' tokens
  at::Tensor mask_kind;  ///< int32 [windows]: which entry of the bias a window uses
  bool padded = false;   ///< some token is padding
};

struct WindowAttendOptions {
  at::Tensor bias;        ///< fp32 [kinds, H, N, N], added to the scores
  at::Tensor padding;     ///< [3C] of the activations' type: what padding has for q, k and v; undefined: zeros
  at::Tensor head_scale;  ///< fp32 [H]: cosine attention (Liu et al. 2022, section 3.3) with these factors; undefined:
                          ///< q k^T / sqrt(D)
  double dropout = 0.0;   ///< of attention weights, while training
  at::Tensor* weights = nullptr;  ///< where to leave the weights [B * windows, H, N, N]; takes the plain path
};

/// qkv [B, L, 3C], three groups of H heads -> [B, L, C]. Takes the window kernel of the CPU or the GPU where nothing is
/// to be differentiated and windows and heads are within its limits, else the plain path.
at::Tensor attend_windows(const at::Tensor& qkv, std::int64_t heads, const WindowTable& table,
                          const WindowAttendOptions& options);

/// The same by gathering windows, attend() and scattering back, for any device and with gradients.
at::Tensor attend_windows_plain(const at::Tensor& qkv, std::int64_t heads, const WindowTable& table,
                                const WindowAttendOptions& options);

}  // namespace vitral::nn
