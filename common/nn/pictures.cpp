#include "common/nn/pictures.h"

#include <ATen/ops/empty.h>
#include <c10/core/DeviceGuard.h>

#include <string>

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

void check_patches(const at::Tensor& pictures, std::int64_t patch, at::ScalarType dtype) {
  check(pictures, dtype);
  if (patch < 1 || patch > kernels::cuda::kMostPatchSide || pictures.size(1) % patch != 0 ||
      pictures.size(2) % patch != 0) {
    throw Error(ErrorKind::failed, "pictures",
                std::to_string(pictures.size(1)) + "x" + std::to_string(pictures.size(2)) +
                    " pixels are not made of patches of " + std::to_string(patch));
  }
}

at::Tensor empty_maps(const at::Tensor& pictures, at::ScalarType dtype, at::MemoryFormat format) {
  const at::IntArrayRef sizes = pictures.sizes();
  return at::empty({sizes[0], 3, sizes[1], sizes[2]}, pictures.options().dtype(dtype), format);
}

/// Queues the kernel for pictures without gaps.
void run_patches(const at::Tensor& levels, const kernels::Normalization& by, std::int64_t patch,
                 const at::Tensor& out) {
  const c10::DeviceGuard guard(levels.device());
  kernels::cuda::PatchesArgs args;
  args.dtype = *kernel_dtype(out.scalar_type());
  args.batch = levels.size(0);
  args.height = levels.size(1);
  args.width = levels.size(2);
  args.patch = patch;
  args.pictures = levels.const_data_ptr<std::uint8_t>();
  args.picture_stride = levels.stride(0);
  args.row_stride = levels.stride(1);
  args.normalization = by;
  args.out = out.mutable_data_ptr();
  args.out_stride = 3 * patch * patch;
  kernels::cuda::patches(args, stream_of(levels));
}

}  // namespace

at::Tensor normalized(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype) {
  check(pictures, dtype);
  if (!has_cuda_kernels(pictures) || pictures.numel() == 0) return normalized_plain(pictures, by, dtype);
  auto maps = empty_maps(pictures, dtype, at::MemoryFormat::ChannelsLast);
  run_patches(pictures.contiguous(), by, 1, maps);  // rows of three numbers, as channels_last lays them
  return maps;
}

at::Tensor normalized_plain(const at::Tensor& pictures, const kernels::Normalization& by, at::ScalarType dtype) {
  check(pictures, dtype);
  auto maps = empty_maps(pictures, dtype, at::MemoryFormat::Contiguous);
  for (std::int64_t c = 0; c < 3; ++c) {  // numbers travel with an operator; a tensor of them would have to be uploaded
    const std::int64_t colour = by.bgr ? 2 - c : c;
    auto map = pictures.select(3, colour).to(at::kFloat);
    maps.select(1, c).copy_(map.div_(by.divisor).sub_(by.mean[colour]).div_(by.std[colour]));
  }
  return maps;
}

at::Tensor patch_rows(const at::Tensor& pictures, const kernels::Normalization& by, std::int64_t patch,
                      at::ScalarType dtype) {
  check_patches(pictures, patch, dtype);
  if (!has_cuda_kernels(pictures) || pictures.numel() == 0) return patch_rows_plain(pictures, by, patch, dtype);
  const auto levels = pictures.contiguous();
  const std::int64_t patches = levels.size(0) * (levels.size(1) / patch) * (levels.size(2) / patch);
  auto rows = at::empty({patches, 3 * patch * patch}, levels.options().dtype(dtype));
  run_patches(levels, by, patch, rows);
  return rows;
}

at::Tensor patch_rows_plain(const at::Tensor& pictures, const kernels::Normalization& by, std::int64_t patch,
                            at::ScalarType dtype) {
  check_patches(pictures, patch, dtype);
  const auto maps = normalized_plain(pictures, by, dtype);
  const std::int64_t high = maps.size(2) / patch, wide = maps.size(3) / patch;
  return maps.view({maps.size(0), 3, high, patch, wide, patch})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({maps.size(0) * high * wide, 3 * patch * patch});
}

}  // namespace vitral::nn
