/// Layer norm (with and without the residual addition) and GELU beside LibTorch's operators.
#include "common/kernels/norm.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <string>

#include "bench/kernels/support.h"
#include "common/kernels/activation.h"
#include "common/nn/parallel.h"

namespace vitral {
namespace {

struct Shape {
  const char* name;
  std::int64_t rows, width;
};

constexpr Shape kShapes[] = {{"vit_b", 197, 768},
                             {"vit_ti", 197, 192},
                             {"swin_t_stage1", 3136, 96},
                             {"detr", 850, 256},
                             {"vit_b_mlp", 197, 3072}};

kernels::DType kernel_type(at::ScalarType type) {
  return type == at::kFloat ? kernels::DType::f32 : kernels::DType::bf16;
}

struct Operands {
  Operands(const Shape& s, at::ScalarType type)
      : x(at::randn({s.rows, s.width}, type)),
        update(at::randn({s.rows, s.width}, type)),
        sum(at::empty_like(x)),
        out(at::empty_like(x)),
        weight(at::randn({s.width})),
        bias(at::randn({s.width})),
        typed_weight(weight.to(type)),
        typed_bias(bias.to(type)) {}
  at::Tensor x, update, sum, out, weight, bias, typed_weight, typed_bias;
};

void norm_own(benchmark::State& state, const Shape& s, at::ScalarType type, bool add) {
  const c10::InferenceMode inference;
  const Operands o(s, type);
  kernels::LayerNormArgs args;
  args.stream = args.dtype = kernel_type(type);
  args.rows = s.rows;
  args.width = s.width;
  args.input = o.x.const_data_ptr();
  args.out = o.out.mutable_data_ptr();
  args.input_stride = args.update_stride = args.sum_stride = args.out_stride = s.width;
  args.weight = o.weight.const_data_ptr<float>();
  args.bias = o.bias.const_data_ptr<float>();
  if (add) {
    args.update = o.update.const_data_ptr();
    args.sum = o.sum.mutable_data_ptr();
  }
  kernels::check_layer_norm(args);
  for (auto _ : state) {
    nn::parallel_ranges(s.rows, 8,
                        [&](std::int64_t begin, std::int64_t end) { kernels::layer_norm(args, begin, end); });
  }
}

void norm_torch(benchmark::State& state, const Shape& s, at::ScalarType type, bool add) {
  const c10::InferenceMode inference;
  const Operands o(s, type);
  for (auto _ : state) {
    const at::Tensor x = add ? o.x + o.update : o.x;
    benchmark::DoNotOptimize(at::layer_norm(x, {s.width}, o.typed_weight, o.typed_bias));
  }
}

void gelu_own(benchmark::State& state, const Shape& s, at::ScalarType type, bool) {
  const c10::InferenceMode inference;
  const Operands o(s, type);
  const std::int64_t size = static_cast<std::int64_t>(o.x.element_size());
  for (auto _ : state) {
    nn::parallel_ranges(o.x.numel(), 4096, [&](std::int64_t begin, std::int64_t end) {
      kernels::activate(kernels::Activation::gelu, kernel_type(type),
                        static_cast<const char*>(o.x.const_data_ptr()) + begin * size,
                        static_cast<char*>(o.out.mutable_data_ptr()) + begin * size, end - begin);
    });
  }
}

void gelu_torch(benchmark::State& state, const Shape& s, at::ScalarType type, bool) {
  const c10::InferenceMode inference;
  const Operands o(s, type);
  for (auto _ : state) benchmark::DoNotOptimize(at::gelu(o.x));
}

void add_benchmarks() {
  struct Job {
    const char* name;
    void (*run)(benchmark::State&, const Shape&, at::ScalarType, bool);
    bool add;
  };
  constexpr Job kJobs[] = {{"norm/own", norm_own, false},    {"norm/torch", norm_torch, false},
                           {"add_norm/own", norm_own, true}, {"add_norm/torch", norm_torch, true},
                           {"gelu/own", gelu_own, false},    {"gelu/torch", gelu_torch, false}};
  for (const Shape& shape : kShapes) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      for (const Job& job : kJobs) {
        const std::string name = std::string(shape.name) + (type == at::kFloat ? "/f32/" : "/bf16/") + job.name;
        bench::timed(benchmark::RegisterBenchmark(
            name.c_str(), [=](benchmark::State& state) { job.run(state, shape, type, job.add); }));
      }
    }
  }
}

}  // namespace
}  // namespace vitral

int main(int argc, char** argv) {
  vitral::add_benchmarks();
  return vitral::bench::run(argc, argv);
}
