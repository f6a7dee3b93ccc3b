// The module behind the GPU's kernels: its table.
#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/table.h"

namespace {

namespace device = vitral::kernels::cuda::device;

vitral::kernels::cuda::Table table() {
  vitral::kernels::cuda::Table table;
  table.toolkit = device::toolkit();
  table.architectures = VITRAL_CUDA_ARCHITECTURES;
  table.attention = device::attention;
  table.bias_activation = device::bias_activation;
  table.deformable = device::deformable;
  table.deformable_backward = device::deformable_backward;
  table.layer_norm = device::layer_norm;
  table.nms = device::nms;
  table.patches = device::patches;
  table.resample_columns = device::resample_columns;
  table.resample_rows = device::resample_rows;
  table.roi_align = device::roi_align;
  table.device_problem = device::device_problem;
  table.bias_activation_of_host = device::bias_activation_of_host;
  return table;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const vitral::kernels::cuda::Table vitral_cuda_kernels;
const vitral::kernels::cuda::Table vitral_cuda_kernels = table();
