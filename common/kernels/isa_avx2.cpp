// Compiled for AVX2, FMA and F16C.
#include "common/kernels/activation_loop.h"
#include "common/kernels/attention_loop.h"
#include "common/kernels/deformable_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/norm_loop.h"
#include "common/kernels/simd_avx2.h"

namespace vitral::kernels {

using Arithmetic = Fp32Arithmetic<Avx2>;

const Isa kAvx2Isa = {"avx2",
                      attend<Arithmetic, float>,
                      attend<Arithmetic, Bf16>,
                      attend<Arithmetic, Half>,
                      layer_norm_any<Avx2>,
                      activate_any<Avx2>,
                      deformable_any<Avx2>,
                      nullptr,
                      nullptr};

}  // namespace vitral::kernels
