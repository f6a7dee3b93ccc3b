#include "common/kernels/deformable.h"

#include "common/core/error.h"
#include "common/kernels/isa.h"

namespace vitral::kernels {
namespace {

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorKind::failed, "deformable attention", message);
}

}  // namespace

void check_deformable(const DeformableArgs& args) {
  if (args.batch < 0 || args.queries < 0 || args.heads < 1 || args.dim < 1) refuse("there are no heads");
  if (args.levels < 1 || args.points < 1) refuse("there is nothing to look at");
  if (args.levels > kMostDeformablePoints / args.points) refuse("too many points");
  if (args.sizes == nullptr || args.value == nullptr || args.locations == nullptr || args.weights == nullptr ||
      args.out == nullptr) {
    refuse("an operand is missing");
  }
  std::int64_t tokens = 0;
  for (std::int64_t level = 0; level < args.levels; ++level) {
    const std::int64_t height = args.sizes[2 * level], width = args.sizes[2 * level + 1];
    if (height < 1 || width < 1 || height > args.tokens / width) refuse("a map is empty or larger than all tokens");
    tokens += height * width;
  }
  if (tokens != args.tokens) refuse("the maps are not the tokens");
}

void deformable(const DeformableArgs& args, std::int64_t begin, std::int64_t end, const CpuFeatures& cpu) {
  choose_isa(args.dtype, cpu).deformable(args, begin, end);
}

}  // namespace vitral::kernels
