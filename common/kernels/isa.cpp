#include "common/kernels/isa.h"

namespace vitral::kernels {

const Isa& choose_isa([[maybe_unused]] DType dtype, [[maybe_unused]] const CpuFeatures& cpu) {
#if defined(__x86_64__)
  if (cpu.avx512_bf16 && dtype == DType::bf16) return kAvx512Bf16Isa;
  if (cpu.avx512) return kAvx512Isa;
  if (cpu.avx2) return kAvx2Isa;
#endif
  return kPortableIsa;
}

}  // namespace vitral::kernels
