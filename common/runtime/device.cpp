#include "common/runtime/device.h"

#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/ones.h>
#include <dlfcn.h>

#include <charconv>
#include <optional>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/kernels/cpu.h"
#include "common/nn/onednn.h"
#include "common/runtime/cuda_words.h"

namespace vitral {
namespace {

/// The CUDA version that the driver knows; 0 where it does not say.
int version_of(void* driver) {
  using Ask = int(int*);
  auto* const ask = reinterpret_cast<Ask*>(::dlsym(driver, "cuDriverGetVersion"));
  int version = 0;
  return ask != nullptr && ask(&version) == 0 ? version : 0;
}

int driver_gpus() {
  return at::detail::getCUDAHooks().deviceCount();
}

// LibTorch is asked nothing about CUDA before its CUDA library is there: it would believe for good that there is none.
std::string find_cuda_problem() {
  void* const driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return "no CUDA driver (libcuda.so.1) is installed";
  // Linked programs would pay 0.1 s and 350 MB for a library that most runs do not use.
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return std::string("LibTorch's CUDA library can't be opened: ") + printable(::dlerror(), 300);
  }
  try {
    const auto library = static_cast<int>(at::detail::getCUDAHooks().versionCUDART());
    if (auto old = driver_problem(version_of(driver), library); !old.empty()) return old;
    return driver_gpus() > 0 ? "" : "the CUDA driver names no GPU";
  } catch (const c10::Error& error) {
    return "LibTorch's CUDA library can't be used: " + printable(error.what_without_backtrace(), 300);
  }
}

/// Runs the first operator on the GPU. Throws Error(unavailable) where there is no code for it, or no memory.
at::Device tried(const at::Device& device, std::string_view text) {
  try {
    static_cast<void>(at::ones({1}, at::TensorOptions(device)).add(1).item<float>());
    return device;
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::unavailable, "device " + std::string(text), device_failure(error.what_without_backtrace()));
  }
}

/// Of a machine where it computes.
std::optional<at::Device> first_gpu() {
  if (!cuda_problem().empty()) return std::nullopt;
  try {
    return tried({at::kCUDA, 0}, "cuda");
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string cuda_problem() {
  static const std::string problem = find_cuda_problem();
  return problem;
}

int gpu_count() {
  return cuda_problem().empty() ? driver_gpus() : 0;
}

at::Device resolve_device(std::string_view text) {
  if (text == "cpu") return at::kCPU;
  if (text == "auto") return first_gpu().value_or(at::Device(at::kCPU));
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
                "this machine has " + std::to_string(gpu_count()) + (gpu_count() == 1 ? " GPU" : " GPUs"));
  }
  return tried({at::kCUDA, static_cast<at::DeviceIndex>(index)}, text);
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
