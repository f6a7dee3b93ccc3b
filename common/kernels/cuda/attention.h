/// Attention for short sequences on a GPU: Swin's windows (Liu et al. 2021, section 3.2; 2022, section 3.3) with shift,
/// partition, bias and mask, and many small problems at once as TNT's inner blocks have them (Han et al. 2021).
/// Arguments and meaning are those of common/kernels/attention.h. The products are plain fp32 multiply-adds.
#pragma once

#include "common/kernels/attention.h"
#include "common/kernels/cuda/launch.h"

namespace vitral::kernels::cuda {

constexpr std::int64_t kMostHeadDim = 32;
constexpr std::int64_t kMostSharedBytes = 96 << 10;  ///< that a block may have on every GPU from Ampere on
constexpr std::int64_t kMostKeys = kMostSharedBytes / (4 * (2 * kMostHeadDim + 1));  ///< with a factor each, in fp32

/// Whether a head's keys and values fit into a block's memory.
inline bool attention_fits(const AttentionArgs& args) {
  return args.head_dim <= kMostHeadDim && args.keys <= kMostKeys &&
         args.batch < (std::int64_t{1} << 31) / (args.heads > 0 ? args.heads : 1);
}

/// All heads of all batch entries. Every pointer, the tables' too, is the GPU's; q, k and v must not overlap out.
/// Throws Error(failed) as attention_tasks does, and for what does not fit.
void attention(const AttentionArgs& args, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void attention_on_host(const AttentionArgs& args);

}  // namespace vitral::kernels::cuda
