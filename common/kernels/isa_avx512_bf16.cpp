// Compiled for AVX-512 F, BW, VL, DQ and BF16.
#include "common/kernels/activation_loop.h"
#include "common/kernels/attention_loop.h"
#include "common/kernels/conv_few_loop.h"
#include "common/kernels/deformable_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/norm_loop.h"
#include "common/kernels/simd_avx512_bf16.h"

namespace vitral::kernels {

const Isa kAvx512Bf16Isa = {"avx512_bf16",
                            nullptr,
                            attend<Bf16Arithmetic, Bf16>,
                            nullptr,
                            layer_norm_any<Avx512Bf16>,
                            activate_any<Avx512Bf16>,
                            deformable_any<Avx512Bf16>,
                            nullptr,
                            conv_any_direct<Bf16Arithmetic, Bf16>};

}  // namespace vitral::kernels
