// A module whose table is of another version, or, as it is compiled, has none.
#include "common/kernels/cuda/table.h"

#ifdef VITRAL_OTHER_VERSION
extern "C" const vitral::kernels::cuda::Table vitral_cuda_kernels;
const vitral::kernels::cuda::Table vitral_cuda_kernels{.version = vitral::kernels::cuda::kTableVersion + 1};
#endif
