#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"
#include "common/kernels/cuda/resize.h"
#include "common/kernels/cuda/resize_byte.h"

namespace vitral::kernels::cuda::device {

void resample_columns(ConstPixelRows from, int rows, const ResampleTable& table, PixelRows to, Stream stream) {
  const ResampleColumnsByte byte{from, rows, table, to};
  on_device("resize", byte.count(), byte, stream);
}

void resample_rows(ConstPixelRows from, int row_bytes, const ResampleTable& table, PixelRows to, Stream stream) {
  const ResampleRowsByte byte{from, row_bytes, table, to};
  on_device("resize", byte.count(), byte, stream);
}

}  // namespace vitral::kernels::cuda::device
