#include "common/runtime/device.h"
#include "tests/support/gpu.h"

namespace vitral::test {

std::string gpu_problem() {
  return cuda_problem();
}

at::Device gpu() {
  return resolve_device("cuda");
}

GpuScope::GpuScope() = default;
GpuScope::~GpuScope() = default;

}  // namespace vitral::test
