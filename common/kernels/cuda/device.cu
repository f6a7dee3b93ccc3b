#include "common/core/error.h"
#include "common/kernels/cuda/activation_part.h"
#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"

namespace vitral::kernels::cuda::device {
namespace {

/// 13000 -> "13.0"
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Why there is no GPU at all; empty where there is one.
std::string driver_problem(int& gpus) {
  const cudaError_t status = cudaGetDeviceCount(&gpus);
  if (status == cudaSuccess) return gpus > 0 ? "" : "the CUDA driver names no GPU";
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) return "no CUDA driver is installed";
  if (status == cudaErrorInsufficientDriver) {
    return "the CUDA driver is too old: it knows CUDA " + version_text(driver) +
           ", and the kernels were compiled with " + version_text(CUDART_VERSION);
  }
  if (status == cudaErrorNoDevice) return "the CUDA driver names no GPU";
  return std::string("the CUDA driver does not answer: ") + cudaGetErrorString(status);
}

/// Another GPU for this thread, until the end of the scope.
class OnDevice {
 public:
  explicit OnDevice(int index) {
    if (cudaGetDevice(&before_) != cudaSuccess) before_ = -1;
    status = cudaSetDevice(index);
  }
  ~OnDevice() {
    if (before_ >= 0) cudaSetDevice(before_);
    cudaGetLastError();  // what went wrong here was told, and is nobody else's
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  cudaError_t status;

 private:
  int before_ = -1;
};

void check(cudaError_t status) {
  if (status != cudaSuccess) throw Error(ErrorKind::unavailable, "the GPU", cudaGetErrorString(status));
}

/// Memory of the GPU.
class Memory {
 public:
  explicit Memory(std::int64_t bytes) : bytes_(static_cast<std::size_t>(bytes)) { check(cudaMalloc(&data_, bytes_)); }
  Memory(const void* from, std::int64_t bytes) : Memory(bytes) {
    check(cudaMemcpy(data_, from, bytes_, cudaMemcpyHostToDevice));
  }
  ~Memory() { cudaFree(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* data() const { return data_; }
  /// Waits for what was started before.
  void copy_to(void* to) const { check(cudaMemcpy(to, data_, bytes_, cudaMemcpyDeviceToHost)); }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

}  // namespace

int toolkit() {
  return CUDART_VERSION;
}

std::string device_problem(int index) {
  int gpus = 0;
  if (auto problem = driver_problem(gpus); !problem.empty()) return problem;
  if (index < 0 || index >= gpus) {
    return "there is no GPU " + std::to_string(index) + ": this machine has " + std::to_string(gpus);
  }
  int major = 0, minor = 0;
  const OnDevice here(index);
  cudaError_t status = here.status;
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index);
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index);
  cudaFuncAttributes attributes = {};
  if (status == cudaSuccess) status = cudaFuncGetAttributes(&attributes, for_each_warp<ActivationPart<float, 1>>);
  if (status == cudaSuccess) return "";
  const std::string gpu = "GPU " + std::to_string(index);
  if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorUnsupportedPtxVersion) {
    return gpu + " has compute capability " + std::to_string(major) + "." + std::to_string(minor) +
           ", and the kernels were compiled for " VITRAL_CUDA_ARCHITECTURES;
  }
  return gpu + " can't be used: " + cudaGetErrorString(status);
}

void bias_activation_of_host(int index, const BiasActivationArgs& args) {
  const OnDevice here(index);
  check(here.status);
  const auto count = args.rows * args.width;
  const std::int64_t number = args.dtype == DType::f32 ? 4 : 2;
  const Memory input(args.input, count * number), bias(args.bias, args.width * number), out(count * number);
  BiasActivationArgs there = args;
  there.input = input.data();
  there.bias = bias.data();
  there.out = out.data();
  device::bias_activation(there, nullptr);
  out.copy_to(args.out);
}

}  // namespace vitral::kernels::cuda::device
