#include "common/kernels/cuda/table.h"
#include "tests/kernels/cuda_on_host/kernels.h"
#include "tests/support/gpu.h"

namespace vitral::test {

std::string gpu_problem() {
  return "";
}

at::Device gpu() {
  return at::kCPU;
}

GpuScope::GpuScope() : scope_(std::make_shared<kernels::cuda::StandIn>(kernels_on_host())) {}
GpuScope::~GpuScope() = default;

}  // namespace vitral::test
