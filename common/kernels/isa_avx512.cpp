// Compiled for AVX-512 F, BW, VL and DQ.
#include "common/kernels/activation_loop.h"
#include "common/kernels/attention_loop.h"
#include "common/kernels/deformable_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/norm_loop.h"
#include "common/kernels/simd_avx512.h"
#include "common/kernels/winograd_loop.h"

namespace vitral::kernels {

using Arithmetic = Fp32Arithmetic<Avx512>;

const Isa kAvx512Isa = {"avx512",
                        attend<Arithmetic, float>,
                        attend<Arithmetic, Bf16>,
                        attend<Arithmetic, Half>,
                        layer_norm_any<Avx512>,
                        activate_any<Avx512>,
                        deformable_any<Avx512>,
                        conv_f32<Arithmetic>,
                        nullptr};

}  // namespace vitral::kernels
