#include "common/kernels/conv.h"

#include "common/core/error.h"
#include "common/kernels/conv_plan.h"
#include "common/kernels/isa.h"
#include "common/kernels/winograd_plan.h"

namespace vitral::kernels {
namespace {

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorKind::failed, "convolution", message);
}

ConvFunction* find(DType dtype, const CpuFeatures& cpu) {
  const Isa& isa = choose_isa(dtype, cpu);
  return dtype == DType::f32 ? isa.conv_f32 : dtype == DType::bf16 ? isa.conv_bf16 : nullptr;
}

/// f(the plan of this algorithm).
template <class F>
std::int64_t with_plan(const ConvShape& shape, ConvAlgorithm algorithm, F f) {
  switch (algorithm) {
    case ConvAlgorithm::winograd:
      return f(WinogradPlan(shape));
    case ConvAlgorithm::few_channels:
      return f(FewChannelsPlan(shape));
    case ConvAlgorithm::direct:
      break;
  }
  return f(ConvPlan(shape));
}

}  // namespace

bool conv_supported(const ConvShape& shape, ConvAlgorithm algorithm, const CpuFeatures& cpu) {
  if (find(shape.dtype, cpu) == nullptr) return false;
  switch (algorithm) {
    case ConvAlgorithm::direct:
      return shape.dtype == DType::f32 || shape.in_channels % 2 == 0;
    case ConvAlgorithm::few_channels:
      return shape.dilation == 1;
    case ConvAlgorithm::winograd:
      return shape.dtype == DType::f32 && shape.kernel == 3 && shape.stride == 1 && shape.dilation == 1 &&
             shape.in_channels % 16 == 0;
  }
  return false;
}

std::int64_t conv_weight_words(const ConvShape& shape, ConvAlgorithm algorithm) {
  return with_plan(shape, algorithm, [](const auto& plan) { return plan.pairs * plan.pair_words(); });
}

std::int64_t conv_bias_floats(const ConvShape& shape) {
  return ConvPlan(shape).pairs * kPanelPair;
}

std::int64_t conv_tasks(const ConvShape& shape, ConvAlgorithm algorithm) {
  const bool few = algorithm == ConvAlgorithm::few_channels;
  return with_plan(shape, algorithm, [&](const auto& plan) { return plan.chunks * (few ? shape.batch : plan.pairs); });
}

std::int64_t conv_scratch_bytes(const ConvShape& shape, ConvAlgorithm algorithm) {
  return with_plan(shape, algorithm, [](const auto& plan) { return plan.scratch_bytes(); });
}

void check_conv(const ConvArgs& args) {
  const ConvShape& s = args.shape;
  if (s.batch < 1 || s.height < 1 || s.width < 1 || s.in_channels < 1 || s.out_channels < 1)
    refuse("no pixels or no channels");
  if (s.kernel < 1 || s.stride < 1 || s.padding < 0 || s.dilation < 1)
    refuse("no such kernel, stride, padding or dilation");
  if (s.out_height() < 1 || s.out_width() < 1) refuse("the kernel is larger than the padded input");
  if (args.input == nullptr || args.weights == nullptr || args.bias == nullptr || args.out == nullptr)
    refuse("an operand is missing");
  if (!conv_supported(s, args.algorithm)) refuse("no kernel for this shape and processor");
}

void conv(const ConvArgs& args, std::int64_t begin, std::int64_t end, void* scratch, const CpuFeatures& cpu) {
  find(args.shape.dtype, cpu)(args, begin, end, scratch);
}

}  // namespace vitral::kernels
