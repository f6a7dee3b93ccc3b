#include "common/kernels/activation_loop.h"
#include "common/kernels/attention_loop.h"
#include "common/kernels/deformable_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/norm_loop.h"
#include "common/kernels/simd_portable.h"

namespace vitral::kernels {

using Arithmetic = Fp32Arithmetic<Portable>;

const Isa kPortableIsa = {"portable",
                          attend<Arithmetic, float>,
                          attend<Arithmetic, Bf16>,
                          attend<Arithmetic, Half>,
                          layer_norm_any<Portable>,
                          activate_any<Portable>,
                          deformable_any<Portable>,
                          nullptr,
                          nullptr};

}  // namespace vitral::kernels
