#include "common/kernels/attention.h"

#include <memory>
#include <new>

#include "common/core/checked.h"
#include "common/core/error.h"
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

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorKind::failed, "attention", message);
}

void check(const AttentionArgs& args) {
  constexpr std::int64_t kMaxTokens = std::int64_t{1} << 31;
  if (args.batch < 0 || args.heads < 0 || args.queries < 0) refuse("negative size");
  if (args.keys < 1 || args.keys >= kMaxTokens || args.queries >= kMaxTokens)
    refuse("between 1 and 2^31 keys expected");
  if (args.head_dim < 1 || args.head_dim > kMaxHeadDim) refuse("head dimension outside 1..256");
  if (!args.q.data || !args.k.data || !args.v.data || !args.out.data) refuse("an operand is missing");
  if (args.windows.tokens != nullptr) {
    if (args.queries != args.keys) refuse("windows have as many queries as keys");
    if (args.windows.count < 1 || args.batch % args.windows.count != 0) refuse("batch is not images x windows");
  }
}

}  // namespace

std::int64_t attention_tasks(const AttentionArgs& args) {
  check(args);
  const std::int64_t sizes[] = {args.batch, args.heads, AttentionPlan(args).head_tasks};
  const auto tasks = checked_numel(sizes);
  if (!tasks) refuse("more tasks than can be counted");
  return static_cast<std::int64_t>(*tasks);
}

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
