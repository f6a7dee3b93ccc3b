/// oneDNN's fused operators inside LibTorch, found by the dispatcher at run time (schemas: LibTorch's
/// aten/src/ATen/native/mkldnn/RegisterMkldnnOpContextClass.cpp). They have no gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "common/nn/activation.h"

namespace vitral::nn::onednn {

/// True where LibTorch was built with oneDNN, the operators exist, and this processor has instructions for `dtype`.
bool usable(at::ScalarType dtype);

/// `weight` [out, in], dense -> an opaque weight, laid out for inputs of about `rows` rows.
at::Tensor pack_linear(const at::Tensor& weight, std::int64_t rows);

/// activation(x W^T + bias), or x W^T + bias + residual. x [..., in], residual like the result [..., out].
/// At most one of `activation` and `residual`.
at::Tensor linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, Activation activation,
                  const at::Tensor& residual);

/// From now on LibTorch's own fp32 products on the CPU go to oneDNN instead of MKL, whose code for processors that are
/// not Intel's takes twice as long. Only where oneDNN rounds as fp32 does (with AMX it would take bf16), which is tried
/// here; otherwise nothing changes. True where it was done. For training: in inference layers compute from packed
/// weights.
bool prefer_for_products();
/// Whether that was done.
bool preferred_for_products();

/// True where nobody but the caller can see `tensor` or its memory, and it is channels_last: it may be overwritten.
bool replaceable(const at::Tensor& tensor);

struct ConvGeometry {
  std::vector<std::int64_t> padding, stride, dilation;  ///< [vertical, horizontal]
  std::int64_t groups = 1;
};

/// `weight` [out, in / groups, kh, kw], dense -> an opaque weight for inputs of `input_size` [B, C, H, W].
at::Tensor pack_conv(const at::Tensor& weight, const ConvGeometry& geometry, at::IntArrayRef input_size);

/// activation(conv(x) + bias [+ residual]); with a residual only none and relu, and groups 1. The result is
/// channels_last. It takes the place of a residual that is channels_last, moved in, and held by nobody else.
at::Tensor conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const ConvGeometry& geometry,
                Activation activation, at::Tensor residual);

}  // namespace vitral::nn::onednn
