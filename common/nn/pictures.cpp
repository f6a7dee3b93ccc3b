#include "common/nn/pictures.h"

#include <ATen/ops/empty.h>
#include <c10/core/DeviceGuard.h>

#include "common/core/error.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/kernel_dtype.h"

namespace vitral::nn {
namespace {

void check(const at::Tensor& pictures, at::ScalarType dtype) {
  if (pictures.scalar_type() != at::kByte || pictures.dim() != 4 || pictures.size(3) != 3) {
    throw Error(ErrorKind::failed, "pictures", "uint8 [B, H, W, 3] expected");
  }
  if (!kernel_dtype(dtype)) throw Error(ErrorKind::failed, "pictures", "only fp32, bf16 and fp16 are made of them");
}

at::Tensor empty_maps(const at::Tensor& pictures, at::ScalarType dtype, at::MemoryFormat format) {
  const at::IntArrayRef sizes = pictures.sizes();
  return at::empty({sizes[0], 3, sizes[1], sizes[2]}, pictures.options().dtype(dtype), format);
}

}  // namespace

at::Tensor normalized(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype) {
  check(pictures, dtype);
  if (!has_cuda_kernels(pictures) || pictures.numel() == 0) return normalized_plain(pictures, by, dtype);
  const c10::DeviceGuard guard(pictures.device());
  const auto levels = pictures.contiguous();
  auto maps = empty_maps(pictures, dtype, at::MemoryFormat::ChannelsLast);
  kernels::cuda::PatchesArgs args;
  args.dtype = *kernel_dtype(dtype);
  args.batch = levels.size(0);
  args.height = levels.size(1);
  args.width = levels.size(2);
  args.patch = 1;  // rows of three numbers, as channels_last lays them
  args.pictures = levels.const_data_ptr<std::uint8_t>();
  args.picture_stride = levels.stride(0);
  args.row_stride = levels.stride(1);
  args.normalization = by;
  args.out = maps.mutable_data_ptr();
  args.out_stride = 3;
  kernels::cuda::patches(args, stream_of(pictures));
  return maps;
}

at::Tensor normalized_plain(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype) {
  check(pictures, dtype);
  auto maps = empty_maps(pictures, dtype, at::MemoryFormat::Contiguous);
  for (std::int64_t c = 0; c < 3; ++c) {  // numbers travel with an operator; a tensor of them would have to be uploaded
    auto map = pictures.select(3, c).to(at::kFloat);
    maps.select(1, c).copy_(map.div_(by.divisor).sub_(by.mean[c]).div_(by.std[c]));
  }
  return maps;
}

}  // namespace vitral::nn
