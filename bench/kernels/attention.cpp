/// Attention of the model zoo's shapes, own kernel ("own") beside at::scaled_dot_product_attention ("torch").
/// Both read the packed projection [B, N, 3, H, D] (DETR's decoder: separate tensors) and leave [B, N, H, D].
///
///     VITRAL_THREADS=1 bench_attention --benchmark_enable_random_interleaving=true --benchmark_filter=vit_b
#include "common/kernels/attention.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <string>

#include "bench/kernels/support.h"
#include "common/nn/parallel.h"

namespace vitral {
namespace {

struct Shape {
  const char* name;
  std::int64_t batch, heads, queries, keys, head_dim;
  bool bias;
};

constexpr Shape kShapes[] = {
    {"vit_b", 1, 12, 197, 197, 64, false},       {"vit_s", 1, 6, 197, 197, 64, false},
    {"vit_ti", 1, 3, 197, 197, 64, false},       {"deit_s_distilled", 1, 6, 198, 198, 64, false},
    {"vit_b_32", 1, 12, 50, 50, 64, false},      {"vit_l_384", 1, 16, 577, 577, 64, false},
    {"vit_h_14", 1, 16, 257, 257, 80, false},    {"swin_t_stage1", 64, 3, 49, 49, 32, true},
    {"swin_t_stage3", 4, 12, 49, 49, 32, true},  {"swinv2_w16", 16, 3, 256, 256, 32, true},
    {"swin_w12", 16, 4, 144, 144, 32, true},     {"tnt_s_inner", 196, 4, 16, 16, 6, false},
    {"tnt_b_inner", 196, 4, 16, 16, 10, false},  {"tnt_s_outer", 1, 6, 197, 197, 64, false},
    {"detr_encoder", 1, 8, 850, 850, 32, false}, {"detr_cross", 1, 8, 100, 850, 32, false},
    {"detr_self", 1, 8, 100, 100, 32, false},
};

struct Operands {
  at::Tensor q, k, v, out, bias;  // [B, H, N, D] views; out [B, N, H, D]; bias [B, H, N, M] with stride 0 over B
};

Operands make_operands(const Shape& s, at::ScalarType type) {
  const auto options = at::TensorOptions().dtype(type);
  Operands o;
  if (s.queries == s.keys) {
    const auto qkv = at::randn({s.batch, s.queries, 3, s.heads, s.head_dim}, options).permute({2, 0, 3, 1, 4});
    o.q = qkv[0];
    o.k = qkv[1];
    o.v = qkv[2];
  } else {
    o.q = at::randn({s.batch, s.queries, s.heads, s.head_dim}, options).transpose(1, 2);
    o.k = at::randn({s.batch, s.keys, s.heads, s.head_dim}, options).transpose(1, 2);
    o.v = at::randn({s.batch, s.keys, s.heads, s.head_dim}, options).transpose(1, 2);
  }
  o.out = at::empty({s.batch, s.queries, s.heads, s.head_dim}, options);
  if (s.bias) o.bias = at::randn({1, s.heads, s.queries, s.keys}).expand({s.batch, s.heads, s.queries, s.keys});
  return o;
}

kernels::TokenStrides strides(const at::Tensor& x) {
  return {x.stride(0), x.stride(1), x.stride(2)};
}

kernels::AttentionArgs arguments(const Shape& s, const Operands& o) {
  kernels::AttentionArgs args;
  args.dtype = o.q.scalar_type() == at::kFloat      ? kernels::DType::f32
               : o.q.scalar_type() == at::kBFloat16 ? kernels::DType::bf16
                                                    : kernels::DType::f16;
  args.batch = s.batch;
  args.heads = s.heads;
  args.queries = s.queries;
  args.keys = s.keys;
  args.head_dim = s.head_dim;
  args.scale = 1.0F / std::sqrt(static_cast<float>(s.head_dim));
  args.q = {o.q.const_data_ptr(), strides(o.q)};
  args.k = {o.k.const_data_ptr(), strides(o.k)};
  args.v = {o.v.const_data_ptr(), strides(o.v)};
  args.out = {o.out.mutable_data_ptr(), strides(o.out.transpose(1, 2))};
  if (o.bias.defined()) args.bias = {o.bias.const_data_ptr<float>(), 0, o.bias.stride(1), o.bias.stride(2), 1};
  return args;
}

void own(benchmark::State& state, const Shape& s, at::ScalarType type) {
  const c10::InferenceMode inference;
  const Operands o = make_operands(s, type);
  const kernels::AttentionArgs args = arguments(s, o);
  for (auto _ : state) {
    nn::parallel_ranges(kernels::attention_tasks(args), 1,
                        [&](std::int64_t begin, std::int64_t end) { kernels::attention(args, begin, end); });
  }
}

void torch(benchmark::State& state, const Shape& s, at::ScalarType type) {
  const c10::InferenceMode inference;
  const Operands o = make_operands(s, type);
  std::optional<at::Tensor> mask;
  if (o.bias.defined()) mask = o.bias.to(type);
  for (auto _ : state) benchmark::DoNotOptimize(at::scaled_dot_product_attention(o.q, o.k, o.v, mask));
}

void add_benchmarks() {
  const std::pair<const char*, at::ScalarType> types[] = {
      {"f32", at::kFloat}, {"bf16", at::kBFloat16}, {"f16", at::kHalf}};
  const std::pair<const char*, void (*)(benchmark::State&, const Shape&, at::ScalarType)> functions[] = {
      {"own", own}, {"torch", torch}};
  for (const Shape& shape : kShapes) {
    for (const auto& [type_name, type] : types) {
      const std::string name = std::string(shape.name) + "/" + type_name;
      for (const auto& [who, function] : functions) {
        bench::timed(benchmark::RegisterBenchmark(
            (name + "/" + who).c_str(), [=, f = function](benchmark::State& state) { f(state, shape, type); }));
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
