/// The door to the GPU's kernels. They are a module beside the program (common/core/module.h), which is opened when a
/// GPU is first asked for: a machine without one neither needs it nor pays for it. The functions of common/kernels/cuda
/// go through this table, and throw Error(unavailable) where there is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/kernels/cuda/activation.h"
#include "common/kernels/cuda/attention.h"
#include "common/kernels/cuda/deformable.h"
#include "common/kernels/cuda/deformable_backward.h"
#include "common/kernels/cuda/layer_norm.h"
#include "common/kernels/cuda/nms.h"
#include "common/kernels/cuda/patches.h"
#include "common/kernels/cuda/resize.h"
#include "common/kernels/cuda/roi_align.h"

namespace vitral::kernels::cuda {

constexpr const char* kModule = "vitral_cuda_kernels.so";
constexpr const char* kTable = "vitral_cuda_kernels";  ///< what the module calls its table

/// Raised whenever the table or what its functions take changes: a module beside another program's is refused.
constexpr std::int32_t kTableVersion = 2;

struct Table {
  std::int32_t version = kTableVersion;  ///< always the first
  std::int32_t toolkit = 0;              ///< CUDA's, 13000 for 13.0
  const char* architectures = "";        ///< what it has code for: "sm_80 sm_90 compute_90"
  void (*attention)(const AttentionArgs&, Stream) = nullptr;
  void (*bias_activation)(const BiasActivationArgs&, Stream) = nullptr;
  void (*deformable)(const DeformableArgs&, Stream) = nullptr;
  void (*deformable_backward)(const DeformableBackwardArgs&, Stream) = nullptr;
  void (*layer_norm)(const LayerNormArgs&, const RowPlaces&, Stream) = nullptr;
  void (*nms)(const NmsArgs&, Stream) = nullptr;
  void (*patches)(const PatchesArgs&, Stream) = nullptr;
  void (*resample_columns)(ConstPixelRows, int, const ResampleTable&, PixelRows, Stream) = nullptr;
  void (*resample_rows)(ConstPixelRows, int, const ResampleTable&, PixelRows, Stream) = nullptr;
  void (*roi_align)(const RoiAlignArgs&, Stream) = nullptr;
  std::string (*device_problem)(int index) = nullptr;
  void (*bias_activation_of_host)(int index, const BiasActivationArgs&) = nullptr;
};

/// The module's table, opened at the first call; null where there is none.
const Table* table();

/// For tests: until the scope ends, `kernels`, whose functions take the host's memory, stand in for a GPU's on this
/// thread. Layers then do with tensors of the host what they do with a GPU's.
class StandIn {
 public:
  explicit StandIn(const Table& kernels);
  ~StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  /// Whether there is one on this thread.
  static bool present();

 private:
  const Table* before_;
};

/// Why there is none, in one line; empty where there is one.
std::string table_problem();

/// What `table` does, for a given file; an empty path is a module that was not built. For tests.
const Table* open_table(const std::filesystem::path& module, std::string& problem);

/// Why the kernels can't run on GPU `index`: there is no module, no driver or one that is too old, no such GPU, or no
/// code for its compute capability. One line; empty where they can.
std::string device_problem(int index);

/// What a self-test found.
struct SelfTest {
  std::int64_t numbers = 0;  ///< compared
  float worst = 0;           ///< the largest distance from what the host makes of them
};

/// Bias and exact GELU of a few numbers on GPU `index`, beside the same arithmetic on the host.
/// Throws Error(unavailable) where there is no such GPU or the kernel can't run, Error(failed) for other numbers.
SelfTest run_self_test(int index);

}  // namespace vitral::kernels::cuda
