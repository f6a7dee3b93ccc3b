#include "common/kernels/cuda/device.h"
#include "common/kernels/cuda/launch.cuh"
#include "common/kernels/cuda/nms.h"
#include "common/kernels/cuda/nms_word.h"

namespace vitral::kernels::cuda {
namespace {

constexpr int kScanThreads = 256;

/// One block: its threads decide about the boxes together, one after another, and share the words of those that are
/// gone.
__global__ void scan(NmsArgs args) {
  __shared__ std::uint64_t gone[kMostNmsBoxes / 64];
  const std::int64_t words = args.words();
  for (std::int64_t w = threadIdx.x; w < words; w += blockDim.x) gone[w] = 0;
  __syncthreads();
  for (std::int64_t i = 0; i < args.count; ++i) {
    const bool stays = args.usable[i] && !has_bit(gone, i);
    if (threadIdx.x == 0) args.stays[i] = stays;
    __syncthreads();  // everybody has looked
    if (!stays) continue;
    const std::uint64_t* row = args.bits + i * words;
    for (std::int64_t w = i / 64 + threadIdx.x; w < words; w += blockDim.x) gone[w] |= row[w];
    __syncthreads();
  }
}

}  // namespace

namespace device {

void nms(const NmsArgs& args, Stream stream) {
  if (args.count == 0) return;
  if (args.count > kMostNmsBoxes) throw Error(ErrorKind::failed, "nms", "too many boxes for one pass");
  const NmsWord word{args};
  on_device("nms", word.count(), word, stream);
  start("nms", scan, {1, kScanThreads}, stream, args);
}

}  // namespace device
}  // namespace vitral::kernels::cuda
