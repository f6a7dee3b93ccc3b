/// 2-D convolutions on pixels whose channels lie side by side (NHWC), with bias, residual and activation fused in.
///
/// The weights are packed once: panels of 32 output channels, so that a tile of pixels times 32 channels keeps its sums
/// in registers. Input pixels are found through tables of pointers (Dukhan 2019, "The Indirect Convolution
/// Algorithm"), so that strides, padding and dilation cost the inner loop nothing.
#pragma once

#include <cstdint>

#include "common/kernels/activation.h"
#include "common/kernels/cpu.h"
#include "common/kernels/dtype.h"

namespace vitral::kernels {

struct ConvShape {
  DType dtype = DType::f32;  ///< of input, residual and output; sums are fp32
  std::int64_t batch = 1;
  std::int64_t height = 0;  ///< of the input
  std::int64_t width = 0;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel = 1;  ///< square
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< zeros on every side
  std::int64_t dilation = 1;

  VITRAL_INLINE std::int64_t out_height() const { return out_size(height); }
  VITRAL_INLINE std::int64_t out_width() const { return out_size(width); }
  VITRAL_INLINE std::int64_t out_pixels() const { return batch * out_height() * out_width(); }

 private:
  VITRAL_INLINE std::int64_t out_size(std::int64_t size) const {
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  }
};

enum class ConvAlgorithm {
  direct,
  few_channels,  ///< direct, for a picture of planes: each row of the kernel is taken as one pixel with many channels
  winograd,      ///< F(2x2, 3x3) of Lavin & Gray 2016: 2.25 times fewer products
};

struct ConvArgs {
  ConvShape shape;
  ConvAlgorithm algorithm = ConvAlgorithm::direct;
  const void* input = nullptr;     ///< [B, H, W, C]; for few_channels planes [B, C, H, W]
  const void* weights = nullptr;   ///< as `pack_conv` left them
  const float* bias = nullptr;     ///< [conv_bias_floats(shape)], zeros beyond the channels
  const void* residual = nullptr;  ///< null, or [B, H', W', out]: added before the activation; may be `out`
  Activation activation = Activation::none;
  void* out = nullptr;  ///< [B, H', W', out]
};

/// True where a kernel of this processor computes this shape.
bool conv_supported(const ConvShape& shape, ConvAlgorithm algorithm, const CpuFeatures& cpu = this_cpu().features);

/// Sizes of what `pack_conv` writes, in 32-bit words, and of a bias.
std::int64_t conv_weight_words(const ConvShape& shape, ConvAlgorithm algorithm);
std::int64_t conv_bias_floats(const ConvShape& shape);

/// `weight` fp32 [out, in, k, k] -> packed words, rounded to the shape's format once.
void pack_conv(const ConvShape& shape, ConvAlgorithm algorithm, const float* weight, void* words);

/// Independent pieces of the work; neighbours share data, so threads take contiguous ranges.
std::int64_t conv_tasks(const ConvShape& shape, ConvAlgorithm algorithm);

/// Bytes of scratch memory, aligned to 64, that one thread needs.
std::int64_t conv_scratch_bytes(const ConvShape& shape, ConvAlgorithm algorithm);

/// Throws Error(failed) for sizes, pointers and formats that do not go together.
void check_conv(const ConvArgs& args);

/// Tasks [begin, end) of arguments that have been checked and are supported.
void conv(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* scratch,
          const CpuFeatures& cpu = this_cpu().features);

/// The plain twin in double precision; `weight` fp32 [out, in, k, k] is rounded to the shape's format first.
void conv_reference(const ConvArgs& args, const float* weight);

}  // namespace vitral::kernels
