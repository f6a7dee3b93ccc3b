/// Convolutions of ResNet-50's shapes at 224 x 224, batch 1: the own direct kernel ("direct"), the own Winograd kernel
/// ("winograd", fp32) and oneDNN's packed operator ("onednn"). Weights take turns among copies that no cache holds
/// together, as the layers of a network do; the counter is billions of operations of the direct algorithm a second.
///
///     VITRAL_THREADS=2 bench_conv --benchmark_enable_random_interleaving=true --benchmark_filter=stage3
#include "common/kernels/conv.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <atomic>
#include <optional>
#include <string>

#include "bench/kernels/support.h"
#include "common/core/memory.h"
#include "common/nn/onednn.h"
#include "common/nn/parallel.h"

namespace vitral {
namespace {

using kernels::ConvAlgorithm;

struct Layer {
  const char* name;
  std::int64_t in, out, size, kernel, stride;
};

constexpr Layer kLayers[] = {
    {"stage1_first", 64, 64, 56, 1, 1},        {"stage1_shortcut", 64, 256, 56, 1, 1},
    {"stage1_reduce", 256, 64, 56, 1, 1},      {"stage1_spatial", 64, 64, 56, 3, 1},
    {"stage1_expand", 64, 256, 56, 1, 1},      {"stage2_first", 256, 128, 56, 1, 1},
    {"stage2_shortcut", 256, 512, 56, 1, 2},   {"stage2_strided", 128, 128, 56, 3, 2},
    {"stage2_reduce", 512, 128, 28, 1, 1},     {"stage2_spatial", 128, 128, 28, 3, 1},
    {"stage2_expand", 128, 512, 28, 1, 1},     {"stage3_first", 512, 256, 28, 1, 1},
    {"stage3_shortcut", 512, 1024, 28, 1, 2},  {"stage3_strided", 256, 256, 28, 3, 2},
    {"stage3_reduce", 1024, 256, 14, 1, 1},    {"stage3_spatial", 256, 256, 14, 3, 1},
    {"stage3_expand", 256, 1024, 14, 1, 1},    {"stage4_first", 1024, 512, 14, 1, 1},
    {"stage4_shortcut", 1024, 2048, 14, 1, 2}, {"stage4_strided", 512, 512, 14, 3, 2},
    {"stage4_reduce", 2048, 512, 7, 1, 1},     {"stage4_spatial", 512, 512, 7, 3, 1},
    {"stage4_expand", 512, 2048, 7, 1, 1},
};

/// Copies of so many bytes that together exceed the caches.
std::int64_t copies(std::int64_t bytes) {
  return std::clamp<std::int64_t>((std::int64_t{96} << 20) / bytes, 1, 64);
}

kernels::ConvShape shape_of(const Layer& layer, at::ScalarType type) {
  kernels::ConvShape s;
  s.dtype = type == at::kFloat ? kernels::DType::f32 : kernels::DType::bf16;
  s.height = s.width = layer.size;
  s.in_channels = layer.in;
  s.out_channels = layer.out;
  s.kernel = layer.kernel;
  s.stride = layer.stride;
  s.padding = layer.kernel / 2;
  return s;
}

at::Tensor input_of(const Layer& layer, at::ScalarType type) {
  return at::randn({1, layer.in, layer.size, layer.size}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
}

void report(benchmark::State& state, const Layer& layer, const kernels::ConvShape& s) {
  const double products = static_cast<double>(s.out_pixels() * layer.out * layer.in * layer.kernel * layer.kernel);
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * products, benchmark::Counter::kIsIterationInvariantRate);
}

void own(benchmark::State& state, const Layer& layer, at::ScalarType type, ConvAlgorithm algorithm) {
  const c10::InferenceMode inference;
  const kernels::ConvShape s = shape_of(layer, type);
  if (!kernels::conv_supported(s, algorithm)) return state.SkipWithError("no kernel for this processor");
  const std::int64_t words = kernels::conv_weight_words(s, algorithm);
  const auto weight = at::randn({layer.out, layer.in, layer.kernel, layer.kernel});
  const auto packed = at::empty({copies(words * 4), words});
  kernels::pack_conv(s, algorithm, weight.const_data_ptr<float>(), packed.mutable_data_ptr());
  for (std::int64_t i = 1; i < packed.size(0); ++i) packed[i].copy_(packed[0]);
  const auto x = input_of(layer, type), bias = at::zeros({kernels::conv_bias_floats(s)});
  const auto out = at::empty({1, s.out_height(), s.out_width(), layer.out}, type);
  const std::int64_t bytes = (kernels::conv_scratch_bytes(s, algorithm) + 63) / 64 * 64;
  const auto scratch = at::empty({at::get_num_threads() * bytes}, at::kByte);
  kernels::ConvArgs args;
  args.shape = s;
  args.algorithm = algorithm;
  args.input = x.const_data_ptr();
  args.bias = bias.const_data_ptr<float>();
  args.activation = kernels::Activation::relu;
  args.out = out.mutable_data_ptr();
  std::int64_t turn = 0;
  for (auto _ : state) {
    args.weights = packed.const_data_ptr<float>() + turn++ % packed.size(0) * words;
    std::atomic<std::int64_t> thread = 0;
    nn::parallel_ranges(kernels::conv_tasks(s, algorithm), 1, [&](std::int64_t begin, std::int64_t end) {
      kernels::conv(args, begin, end, scratch.data_ptr<std::uint8_t>() + thread.fetch_add(1) * bytes);
    });
  }
  report(state, layer, s);
}

void onednn(benchmark::State& state, const Layer& layer, at::ScalarType type, ConvAlgorithm /*none*/) {
  const c10::InferenceMode inference;
  const kernels::ConvShape s = shape_of(layer, type);
  if (!nn::onednn::usable(type)) return state.SkipWithError("no oneDNN");
  const nn::onednn::ConvGeometry geometry{{s.padding, s.padding}, {s.stride, s.stride}, {1, 1}, 1};
  const auto x = input_of(layer, type), bias = at::zeros({layer.out}, type);
  const auto weight = at::randn({layer.out, layer.in, layer.kernel, layer.kernel}).to(type);
  std::vector<at::Tensor> packed;
  for (std::int64_t i = copies(static_cast<std::int64_t>(weight.nbytes())); i > 0; --i) {
    packed.push_back(nn::onednn::pack_conv(weight, geometry, x.sizes()));
  }
  std::size_t turn = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        nn::onednn::conv(x, packed[turn++ % packed.size()], bias, geometry, nn::Activation::relu, {}));
  }
  report(state, layer, s);
}

void add_benchmarks() {
  using Function = void (*)(benchmark::State&, const Layer&, at::ScalarType, ConvAlgorithm);
  struct Contender {
    const char* name;
    Function function;
    ConvAlgorithm algorithm;
  };
  constexpr Contender kContenders[] = {{"direct", own, ConvAlgorithm::direct},
                                       {"winograd", own, ConvAlgorithm::winograd},
                                       {"onednn", onednn, ConvAlgorithm::direct}};
  for (const Layer& layer : kLayers) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      for (const Contender& c : kContenders) {
        const bool winograd = c.algorithm == ConvAlgorithm::winograd;
        if (winograd && (type != at::kFloat || layer.kernel != 3 || layer.stride != 1)) continue;
        const std::string name = std::string(layer.name) + (type == at::kFloat ? "/f32/" : "/bf16/") + c.name;
        bench::timed(benchmark::RegisterBenchmark(
            name.c_str(), [=](benchmark::State& state) { c.function(state, layer, type, c.algorithm); }));
      }
    }
  }
}

}  // namespace
}  // namespace vitral

int main(int argc, char** argv) {
  vitral::keep_freed_memory();
  vitral::add_benchmarks();
  return vitral::bench::run(argc, argv);
}
