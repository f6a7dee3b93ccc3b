#include "common/kernels/deformable.h"

#include "common/kernels/isa.h"

namespace vitral::kernels {

void deformable(const DeformableArgs& args, std::int64_t begin, std::int64_t end, const CpuFeatures& cpu) {
  choose_isa(args.dtype, cpu).deformable(args, begin, end);
}

}  // namespace vitral::kernels
