#include "common/runtime/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <charconv>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/kernels/cpu.h"
#include "common/nn/onednn.h"

namespace vitral {
namespace {

int gpu_count() { return at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; }

std::string find_cuda_problem() {
  if (at::hasCUDA()) return gpu_count() > 0 ? "" : "the CUDA driver names no GPU";
  if (::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL) == nullptr) return "no CUDA driver (libcuda.so.1) is installed";
  // Linked programs would pay 0.1 s and 350 MB for a library that most runs do not use.
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return std::string("LibTorch's CUDA library can't be opened: ") + printable(::dlerror(), 300);
  }
  if (!at::hasCUDA()) return "LibTorch was built without CUDA";
  return gpu_count() > 0 ? "" : "the CUDA driver names no GPU";
}

}  // namespace

std::string cuda_problem() {
  static const std::string problem = find_cuda_problem();
  return problem;
}

at::Device resolve_device(std::string_view text) {
  if (text == "cpu") return at::kCPU;
  if (text == "auto") return cuda_problem().empty() ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  int index = 0;
  bool known = text == "cuda";
  if (text.starts_with("cuda:")) {
    const auto digits = text.substr(5);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    known = error == std::errc() && end == digits.data() + digits.size() && index >= 0 && index < 128;
  }
  if (!known) throw Error(ErrorKind::usage, "--device", "'" + printable(text, 100) + "' is none of auto, cpu, cuda, cuda:N");
  if (const auto problem = cuda_problem(); !problem.empty()) {
    throw Error(ErrorKind::unavailable, "device " + std::string(text), problem);
  }
  if (index >= gpu_count()) {
    throw Error(ErrorKind::unavailable, "device " + std::string(text),
                "this machine has " + std::to_string(gpu_count()) + " GPUs");
  }
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

nn::Precision resolve_precision(std::string_view text, const at::Device& device) {
  const auto& cpu = kernels::this_cpu().features;
  const bool bf16 = device.is_cuda() || nn::onednn::usable(at::kBFloat16);
  const bool fp16 = device.is_cuda() || nn::onednn::usable(at::kHalf);
  if (text == "fp32") return nn::Precision::fp32;
  if (text == "auto") {
    if (device.is_cuda() || cpu.amx_bf16 || cpu.avx512_bf16) return nn::Precision::bf16;
    return nn::Precision::fp32;
  }
  if (text == "bf16" || text == "fp16") {
    const bool present = text == "bf16" ? bf16 : fp16;
    if (!present) {
      throw Error(ErrorKind::unavailable, "precision " + std::string(text),
                  "this processor (" + kernels::this_cpu().name + ") has no instructions for it; fp32 works everywhere");
    }
    return text == "bf16" ? nn::Precision::bf16 : nn::Precision::fp16;
  }
  if (text == "int8") throw Error(ErrorKind::unavailable, "precision int8", "is not built into this version");
  throw Error(ErrorKind::usage, "--precision", "'" + printable(text, 100) + "' is none of auto, fp32, bf16, fp16, int8");
}

std::string_view to_string(nn::Precision precision) {
  switch (precision) {
    case nn::Precision::bf16: return "bf16";
    case nn::Precision::fp16: return "fp16";
    case nn::Precision::fp32: break;
  }
  return "fp32";
}

}  // namespace vitral
