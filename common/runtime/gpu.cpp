#include "common/runtime/gpu.h"

#include <exception>

#include "common/core/module.h"
#include "common/core/text.h"
#include "common/runtime/cuda_module.h"

namespace vitral {

std::shared_ptr<Gpu> open_gpu(const at::Device& device, std::string& why) {
  if (!device.is_cuda()) {
    why = "no GPU is used";
    return nullptr;
  }
  const auto module = module_path(kCudaModule);
  if (module.empty()) {
    why = kCudaModule;
    why += " was not built";
    return nullptr;
  }
  const auto* const make = static_cast<MakeGpu* const*>(module_symbol(module, kCudaGpu, why));
  if (make == nullptr) return nullptr;
  try {
    return (*make)(device);
  } catch (const std::exception& error) {
    const std::string text = error.what();
    why = printable(text.substr(0, text.find('\n')), 300);
    return nullptr;
  }
}

std::string cuda_version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace vitral
