// Compiled for AVX2, FMA and F16C.
#include "common/kernels/attention_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/simd_avx2.h"

namespace vitral::kernels {

using Arithmetic = Fp32Arithmetic<Avx2>;

const Isa kAvx2Isa = {"avx2", attend<Arithmetic, float>, attend<Arithmetic, Bf16>, attend<Arithmetic, Half>};

}  // namespace vitral::kernels
