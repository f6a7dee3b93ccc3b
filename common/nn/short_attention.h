/// The own CPU attention for short sequences (common/kernels/attention.h), on tensors.
#pragma once

#include <ATen/core/Tensor.h>

namespace vitral::nn {

/// True where the kernel takes these tensors: CPU, fp32 or bf16, last dimension dense, and a processor with the instructions.
bool short_attention_usable(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// As attend(): q [B, H, N, D], k and v [B, H, M, D] -> [B, N, H * D]. `bias` undefined or broadcastable to [B, H, N, M].
at::Tensor short_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias, double scale);

}  // namespace vitral::nn
