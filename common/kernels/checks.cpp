// What kernels ask of their arguments, the CPU's and the GPU's: a file of its own, so that the GPU's module needs no
// other.
#include "common/core/checked.h"
#include "common/core/error.h"
#include "common/kernels/attention.h"
#include "common/kernels/attention_plan.h"
#include "common/kernels/deformable.h"
#include "common/kernels/norm.h"

namespace vitral::kernels {
namespace {

constexpr const char* kAttention = "attention";
constexpr const char* kDeformable = "deformable attention";
constexpr const char* kLayerNorm = "layer norm";

[[noreturn]] void refuse(const char* kernel, const char* message) {
  throw Error(ErrorKind::failed, kernel, message);
}

void check(const AttentionArgs& args) {
  constexpr std::int64_t kMaxTokens = std::int64_t{1} << 31;
  if (args.batch < 0 || args.heads < 0 || args.queries < 0) refuse(kAttention, "negative size");
  if (args.keys < 1 || args.keys >= kMaxTokens || args.queries >= kMaxTokens)
    refuse(kAttention, "between 1 and 2^31 keys expected");
  if (args.head_dim < 1 || args.head_dim > kMaxHeadDim) refuse(kAttention, "head dimension outside 1..256");
  if (!args.q.data || !args.k.data || !args.v.data || !args.out.data) refuse(kAttention, "an operand is missing");
  if (args.windows.tokens != nullptr) {
    if (args.queries != args.keys) refuse(kAttention, "windows have as many queries as keys");
    if (args.windows.count < 1 || args.batch % args.windows.count != 0)
      refuse(kAttention, "batch is not images x windows");
  }
}

}  // namespace

std::int64_t attention_tasks(const AttentionArgs& args) {
  check(args);
  const std::int64_t sizes[] = {args.batch, args.heads, AttentionPlan(args).head_tasks};
  const auto tasks = checked_numel(sizes);
  if (!tasks) refuse(kAttention, "more tasks than can be counted");
  return static_cast<std::int64_t>(*tasks);
}

void check_layer_norm(const LayerNormArgs& args) {
  if (args.rows < 0 || args.width < 1) refuse(kLayerNorm, "no rows or no columns");
  if (args.input == nullptr || args.out == nullptr) refuse(kLayerNorm, "an operand is missing");
  if (args.stream != DType::f32 && args.stream != args.dtype)
    refuse(kLayerNorm, "the stream is neither fp32 nor like the output");
  if (args.update != nullptr && args.sum == nullptr) refuse(kLayerNorm, "an update needs a place for the sum");
  if (args.update != nullptr && args.gather != nullptr) refuse(kLayerNorm, "gathered rows take no update");
  if (args.pieces < 1 || args.pieces > kMaxNormPieces || args.width % args.pieces != 0)
    refuse(kLayerNorm, "pieces do not fit");
  if (args.gather == nullptr && args.pieces != 1) refuse(kLayerNorm, "pieces without a table");
}

void check_deformable(const DeformableArgs& args) {
  if (args.batch < 0 || args.queries < 0 || args.heads < 1 || args.dim < 1) refuse(kDeformable, "there are no heads");
  if (args.levels < 1 || args.points < 1) refuse(kDeformable, "there is nothing to look at");
  if (args.levels > kMostDeformablePoints / args.points) refuse(kDeformable, "too many points");
  if (args.sizes == nullptr || args.value == nullptr || args.locations == nullptr || args.weights == nullptr ||
      args.out == nullptr) {
    refuse(kDeformable, "an operand is missing");
  }
  std::int64_t tokens = 0;
  for (std::int64_t level = 0; level < args.levels; ++level) {
    const std::int64_t height = args.sizes[2 * level], width = args.sizes[2 * level + 1];
    if (height < 1 || width < 1 || height > args.tokens / width)
      refuse(kDeformable, "a map is empty or larger than all tokens");
    tokens += height * width;
  }
  if (tokens != args.tokens) refuse(kDeformable, "the maps are not the tokens");
}

}  // namespace vitral::kernels
