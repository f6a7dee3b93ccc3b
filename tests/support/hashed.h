/// Reproducible weights and pictures without a file: every number is a hash of its place, the same in Python
/// (golden/hashed.py).
#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace vitral::test {

/// Uniform in [-0.5, 0.5), by place `index` of tensor `stream`.
inline double hash_of(std::uint32_t index, std::uint32_t stream) {
  std::uint32_t x = index * 2654435761U + stream * 40503U + 12345U;
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  x ^= x >> 16;
  return static_cast<double>(x) / 4294967296.0 - 0.5;
}

inline at::Tensor hashed(at::IntArrayRef shape, std::uint32_t stream, double base = 0, double range = 1) {
  auto result = at::empty(shape);
  auto* p = result.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    p[i] = static_cast<float>(base + range * hash_of(static_cast<std::uint32_t>(i), stream));
  }
  return result;
}

/// Weights that keep activations near unit variance, norms and tables away from their trivial values.
inline at::Tensor hashed_parameter(const std::string& name, const at::Tensor& like, std::uint32_t stream) {
  const auto ends = [&](const char* with) { return name.ends_with(with); };
  if (name.find("norm") != std::string::npos && ends("weight")) return hashed(like.sizes(), stream, 1.0, 0.4);
  if (ends("logit_scale")) return hashed(like.sizes(), stream, 2.0, 3.0);
  if (ends("table") || ends("pos") || ends("token")) return hashed(like.sizes(), stream, 0, 3.0);
  if (ends("bias")) return hashed(like.sizes(), stream, 0, 0.8);
  const auto fan_in = static_cast<double>(like.numel() / like.size(0));
  return hashed(like.sizes(), stream, 0, std::sqrt(12.0 / fan_in));
}

/// Fills all parameters; a parameter's stream is its place among the sorted names.
inline void fill_hashed(torch::nn::Module& module) {
  const at::NoGradGuard no_grad;
  const auto parameters = module.named_parameters();
  std::vector<std::string> names = parameters.keys();
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    at::Tensor parameter = parameters[names[i]];
    parameter.copy_(hashed_parameter(names[i], parameter, static_cast<std::uint32_t>(i)));
  }
}

/// [count, channels, height, width]
inline at::Tensor hashed_pictures(std::int64_t count, std::int64_t height, std::int64_t width,
                                  std::int64_t channels = 3) {
  return hashed({count, channels, height, width}, 1000, 0, 4.0);
}

}  // namespace vitral::test
