#include "common/kernels/attention_loop.h"
#include "common/kernels/isa.h"
#include "common/kernels/simd_portable.h"

namespace vitral::kernels {

using Arithmetic = Fp32Arithmetic<Portable>;

const Isa kPortableIsa = {"portable", attend<Arithmetic, float>, attend<Arithmetic, Bf16>, attend<Arithmetic, Half>};

}  // namespace vitral::kernels
