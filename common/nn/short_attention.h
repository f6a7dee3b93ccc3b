/// The own attention for short sequences (common/kernels/attention.h, on a GPU cuda/attention.h), on tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/kernels/attention.h"

namespace vitral::nn {

/// True where the kernel takes these tensors: fp32, bf16 or fp16, last dimension dense, and a processor with the
/// instructions; on a GPU, where its kernels are there, many problems of few tokens and short heads.
bool short_attention_usable(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// As attend(): q [B, H, N, D], k and v [B, H, M, D] -> [B, N, H * D]. `bias` undefined or broadcastable to [B, H, N,
/// M].
at::Tensor short_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
                           double scale);

/// The kernel of where `q` lies, of arguments that it takes; what they point to lies there too. On a GPU it is only
/// queued: memory that LibTorch gives back afterwards is reused in that order.
void run_attention(const kernels::AttentionArgs& args, const at::Tensor& q);

}  // namespace vitral::nn
