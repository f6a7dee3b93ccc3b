#include "common/nn/kernel_conv.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"
#include "common/nn/onednn.h"
#include "common/nn/parallel.h"

namespace vitral::nn {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;

/// The kernels' name of an activation; nothing for those that they do not know.
std::optional<kernels::Activation> kernel_activation(Activation activation) {
  switch (activation) {
    case Activation::none:
      return kernels::Activation::none;
    case Activation::relu:
      return kernels::Activation::relu;
    case Activation::relu6:
      return kernels::Activation::relu6;
    case Activation::gelu:
      return kernels::Activation::gelu;
    case Activation::silu:
      return kernels::Activation::silu;
    case Activation::tanh:
      break;
  }
  return std::nullopt;
}

/// The algorithm that wins at this shape (measured: bench/kernels/conv.cpp); nothing where oneDNN does.
std::optional<kernels::ConvAlgorithm> choose_algorithm(const kernels::ConvShape& shape) {
  using kernels::ConvAlgorithm;
  constexpr std::int64_t kFewOutputs = 16;  // leave half of the sums empty
  constexpr std::int64_t kFewInputs = 12;   // end the inner loop before it has begun
  constexpr std::int64_t kFewPixels = 32;  // do not pay for reading transformed weights, which are nearly twice as many
  if (shape.out_channels < kFewOutputs) return std::nullopt;
  if (shape.dtype == kernels::DType::bf16 && kernels::this_cpu().features.amx_bf16)
    return std::nullopt;  // oneDNN uses it
  const auto supported = [&](ConvAlgorithm algorithm) { return kernels::conv_supported(shape, algorithm); };
  if (shape.in_channels < kFewInputs) {
    const bool overlapping = shape.kernel > shape.stride;  // patches that do not overlap are one matrix product
    return overlapping && supported(ConvAlgorithm::few_channels) ? std::optional(ConvAlgorithm::few_channels)
                                                                 : std::nullopt;
  }
  if (supported(ConvAlgorithm::winograd) && shape.out_pixels() > kFewPixels) return ConvAlgorithm::winograd;
  return supported(ConvAlgorithm::direct) ? std::optional(ConvAlgorithm::direct) : std::nullopt;
}

void run(const kernels::ConvArgs& args) {
  kernels::check_conv(args);
  const std::int64_t bytes = (kernels::conv_scratch_bytes(args.shape, args.algorithm) + 63) / 64 * 64;
  const auto scratch = at::empty({at::get_num_threads() * bytes}, at::kByte);
  std::atomic<std::int64_t> thread = 0;
  parallel_ranges(kernels::conv_tasks(args.shape, args.algorithm), 1, [&](std::int64_t begin, std::int64_t end) {
    kernels::conv(args, begin, end, scratch.data_ptr<std::uint8_t>() + thread.fetch_add(1) * bytes);
  });
}

}  // namespace

std::optional<KernelConv> KernelConv::pack(const at::Tensor& weight, const at::Tensor& bias,
                                           const KernelConvOptions& options, const at::Tensor& x) {
  const auto dtype = kernel_dtype(x.scalar_type());
  if (on_gpu(x) || x.dim() != 4 || !dtype || weight.size(2) != weight.size(3) || weight.size(1) != x.size(1))
    return std::nullopt;
  KernelConv conv;
  conv.shape_ = {.dtype = *dtype,
                 .batch = std::max<std::int64_t>(x.size(0), 1),
                 .height = x.size(2),
                 .width = x.size(3),
                 .in_channels = x.size(1),
                 .out_channels = weight.size(0),
                 .kernel = weight.size(2),
                 .stride = options.stride,
                 .padding = options.padding,
                 .dilation = options.dilation};
  if (conv.shape_.out_height() < 1 || conv.shape_.out_width() < 1) return std::nullopt;
  const auto algorithm = choose_algorithm(conv.shape_);
  if (!algorithm) return std::nullopt;
  conv.algorithm_ = *algorithm;
  const auto plain = weight.to(at::kFloat).contiguous();
  conv.weights_ = at::empty({kernels::conv_weight_words(conv.shape_, conv.algorithm_)}, at::kFloat);
  kernels::pack_conv(conv.shape_, conv.algorithm_, plain.const_data_ptr<float>(), conv.weights_.mutable_data_ptr());
  conv.bias_ = at::zeros({kernels::conv_bias_floats(conv.shape_)}, at::kFloat);
  if (bias.defined()) conv.bias_.narrow(0, 0, bias.size(0)).copy_(bias);
  return conv;
}

at::Tensor KernelConv::forward(const at::Tensor& x, Activation activation, at::Tensor residual) const {
  if (x.dim() != 4 || x.size(1) != shape_.in_channels || kernel_dtype(x.scalar_type()) != shape_.dtype || !x.is_cpu()) {
    throw Error(ErrorKind::failed, "convolution",
                "input " + c10::str(x.sizes(), " of ", x.scalar_type()) + ", expected " +
                    std::to_string(shape_.in_channels) + " channels as it was packed for");
  }
  const auto fused = kernel_activation(activation);
  const bool planes = algorithm_ == kernels::ConvAlgorithm::few_channels;
  const auto input = x.contiguous(planes ? at::MemoryFormat::Contiguous : kLayout);
  kernels::ConvArgs args;
  args.shape = shape_;
  args.shape.batch = x.size(0);
  args.shape.height = x.size(2);
  args.shape.width = x.size(3);
  args.algorithm = algorithm_;
  args.input = input.const_data_ptr();
  args.weights = weights_.const_data_ptr();
  args.bias = bias_.const_data_ptr<float>();
  args.activation = fused.value_or(kernels::Activation::none);
  const std::vector<std::int64_t> size = {args.shape.batch, args.shape.out_channels, args.shape.out_height(),
                                          args.shape.out_width()};
  at::Tensor out;
  if (residual.defined()) {
    if (residual.scalar_type() == x.scalar_type() && residual.sizes() == size && onednn::replaceable(residual))
      out = residual;
    residual = residual.to(x.scalar_type()).expand(size).contiguous(kLayout);
  }
  if (!out.defined()) out = at::empty(size, x.options().memory_format(kLayout));
  if (out.numel() == 0) return out;
  args.residual = residual.defined() ? residual.const_data_ptr() : nullptr;
  args.out = out.mutable_data_ptr();
  run(args);
  return fused ? out : activate(out, activation);
}

}  // namespace vitral::nn
