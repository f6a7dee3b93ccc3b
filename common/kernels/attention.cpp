#include "common/kernels/attention.h"

#include <memory>
#include <new>

#include "common/kernels/attention_plan.h"
#include "common/kernels/isa.h"

namespace vitral::kernels {
namespace {

/// Memory that a thread keeps from call to call, because attention is called for every layer.
class Scratch {
 public:
  float* reserve(std::int64_t floats) {
    if (floats > size_) {
      data_.reset();
      data_.reset(new (kAlignment) float[static_cast<std::size_t>(floats)]());
      size_ = floats;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, kAlignment); }
  };
  std::unique_ptr<float[], Free> data_;
  std::int64_t size_ = 0;
};

}  // namespace

void attention(const AttentionArgs& args, std::int64_t begin, std::int64_t end, const CpuFeatures& cpu) {
  if (begin >= end) return;
  thread_local Scratch scratch;
  float* memory = scratch.reserve(AttentionPlan(args).scratch_floats());
  const Isa& isa = choose_isa(args.dtype, cpu);
  switch (args.dtype) {
    case DType::f32:
      return isa.attention_f32(args, begin, end, memory);
    case DType::bf16:
      return isa.attention_bf16(args, begin, end, memory);
    case DType::f16:
      return isa.attention_f16(args, begin, end, memory);
  }
}

const char* attention_implementation(DType dtype, const CpuFeatures& cpu) {
  return choose_isa(dtype, cpu).name;
}

}  // namespace vitral::kernels
