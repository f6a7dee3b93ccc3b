#include "common/kernels/cuda/table.h"

#include <cmath>
#include <vector>

#include "common/core/error.h"
#include "common/core/module.h"
#include "common/core/text.h"

namespace vitral::kernels::cuda {
namespace {

/// Opened once; the reason is kept where that fails.
struct Opened {
  std::string problem;
  const Table* table = open_table(module_path(kModule), problem);
};

thread_local const Table* stand_in = nullptr;

const Opened& opened() {
  static const Opened once;
  return once;
}

const Table& needed() {
  if (const Table* found = table()) return *found;
  throw Error(ErrorKind::unavailable, "CUDA kernels", table_problem());
}

}  // namespace

const Table* open_table(const std::filesystem::path& module, std::string& problem) {
  if (module.empty()) {
    problem = std::string("this build has no CUDA kernels: ") + kModule +
              " is not beside the program (-DVITRAL_CUDA=ON builds it)";
    return nullptr;
  }
  std::string why;
  const auto* found = static_cast<const Table*>(module_symbol(module, kTable, why));
  if (found == nullptr) {
    problem = "the CUDA kernels can't be loaded: " + printable(why, 300);
  } else if (found->version != kTableVersion) {
    problem = module.filename().string() + " belongs to another build: its table has version " +
              std::to_string(found->version) + ", this program expects " + std::to_string(kTableVersion);
    found = nullptr;
  }
  return found;
}

const Table* table() {
  return stand_in != nullptr ? stand_in : opened().table;
}

StandIn::StandIn(const Table& kernels) : before_(stand_in) {
  stand_in = &kernels;
}

StandIn::~StandIn() {
  stand_in = before_;
}

bool StandIn::present() {
  return stand_in != nullptr;
}

std::string table_problem() {
  return opened().problem;
}

std::string device_problem(int index) {
  const Table* found = table();
  return found != nullptr ? found->device_problem(index) : table_problem();
}

SelfTest run_self_test(int index) {
  if (const auto problem = device_problem(index); !problem.empty()) {
    throw Error(ErrorKind::unavailable, "CUDA kernels", problem);
  }
  constexpr std::int64_t kRows = 3, kWidth = 300;  // a row is more than one team's part
  std::vector<float> input(kRows * kWidth), bias(kWidth), here(input.size()), there(input.size());
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = std::sin(static_cast<float>(i)) * 4;
  for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = std::cos(static_cast<float>(i));
  BiasActivationArgs args;
  args.rows = kRows;
  args.width = args.input_stride = args.out_stride = kWidth;
  args.input = input.data();
  args.bias = bias.data();
  args.out = here.data();
  bias_activation_on_host(args);
  args.out = there.data();
  needed().bias_activation_of_host(index, args);
  SelfTest result;
  result.numbers = args.rows * args.width;
  for (std::size_t i = 0; i < here.size(); ++i) {
    const float distance = std::abs(here[i] - there[i]);
    if (!(distance <= result.worst)) result.worst = distance;  // what is no number too
  }
  constexpr float kTolerance = 1e-5F;  // another erf, and fused multiply-adds
  if (!(result.worst <= kTolerance)) {
    throw Error(ErrorKind::failed, "CUDA kernels",
                "the self-test on GPU " + std::to_string(index) + " is " + std::to_string(result.worst) +
                    " away from the host's numbers, at most " + std::to_string(kTolerance) + " expected");
  }
  return result;
}

void attention(const AttentionArgs& args, Stream stream) {
  needed().attention(args, stream);
}

void bias_activation(const BiasActivationArgs& args, Stream stream) {
  needed().bias_activation(args, stream);
}

void deformable(const DeformableArgs& args, Stream stream) {
  needed().deformable(args, stream);
}

void deformable_backward(const DeformableBackwardArgs& args, Stream stream) {
  needed().deformable_backward(args, stream);
}

void layer_norm(const LayerNormArgs& args, const RowPlaces& places, Stream stream) {
  needed().layer_norm(args, places, stream);
}

void nms(const NmsArgs& args, Stream stream) {
  needed().nms(args, stream);
}

void patches(const PatchesArgs& args, Stream stream) {
  needed().patches(args, stream);
}

void resample_columns(ConstPixelRows from, int rows, const ResampleTable& table, PixelRows to, Stream stream) {
  needed().resample_columns(from, rows, table, to, stream);
}

void resample_rows(ConstPixelRows from, int row_bytes, const ResampleTable& table, PixelRows to, Stream stream) {
  needed().resample_rows(from, row_bytes, table, to, stream);
}

void roi_align(const RoiAlignArgs& args, Stream stream) {
  needed().roi_align(args, stream);
}

}  // namespace vitral::kernels::cuda
