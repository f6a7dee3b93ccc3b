/// One table of functions for each instruction set; each is defined in a file compiled for it.
#pragma once

#include "common/kernels/activation.h"
#include "common/kernels/attention.h"
#include "common/kernels/conv.h"
#include "common/kernels/deformable.h"
#include "common/kernels/norm.h"

namespace vitral::kernels {

using AttentionFunction = void(const AttentionArgs& args, std::int64_t begin, std::int64_t end, float* scratch);
using LayerNormFunction = void(const LayerNormArgs& args, std::int64_t begin, std::int64_t end);
using ActivationFunction = void(Activation function, DType dtype, const void* x, void* out, std::int64_t count);
using DeformableFunction = void(const DeformableArgs& args, std::int64_t begin, std::int64_t end);
using ConvFunction = void(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* scratch);

/// Where a format is null, `choose_isa` does not offer this table for it.
struct Isa {
  const char* name;
  AttentionFunction* attention_f32;
  AttentionFunction* attention_bf16;
  AttentionFunction* attention_f16;
  LayerNormFunction* layer_norm;
  ActivationFunction* activate;
  DeformableFunction* deformable;
  ConvFunction* conv_f32;  ///< null where LibTorch's own convolutions are as good; likewise conv_bf16
  ConvFunction* conv_bf16;
};

extern const Isa kPortableIsa;
#if defined(__x86_64__)
extern const Isa kAvx2Isa;
extern const Isa kAvx512Isa;
extern const Isa kAvx512Bf16Isa;
#endif

/// The best that the processor can run for tensors of this format.
const Isa& choose_isa(DType dtype, const CpuFeatures& cpu);

}  // namespace vitral::kernels
