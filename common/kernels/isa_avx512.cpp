// Compiled for AVX-512 F, BW, VL and DQ.
#include "common/kernels/attention_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/simd_avx512.h"

namespace vitral::kernels {

using Arithmetic = Fp32Arithmetic<Avx512>;

const Isa kAvx512Isa = {"avx512", attend<Arithmetic, float>, attend<Arithmetic, Bf16>, attend<Arithmetic, Half>};

}  // namespace vitral::kernels
