/// What the tests of resizing share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "common/kernels/resize.h"

namespace vitral::kernels {

/// Random weights of `taps` inputs around the place of each output, summing to about `sum` at the most.
inline ResampleWeights random_weights(std::mt19937& random, int inputs, int outputs, int taps, int sum = 1 << 22) {
  ResampleWeights weights;
  weights.taps = std::min(taps, inputs);
  for (int i = 0; i < outputs; ++i) {
    const int count = std::uniform_int_distribution(1, weights.taps)(random);
    weights.first.push_back(std::uniform_int_distribution(0, inputs - count)(random));
    weights.count.push_back(count);
    for (int t = 0; t < weights.taps; ++t) {
      const int k = std::uniform_int_distribution(-(1 << 20), sum)(random);
      weights.weights.push_back(t < count ? k / count : 0);
    }
  }
  return weights;
}

inline std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t count) {
  std::vector<std::uint8_t> out(count);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

}  // namespace vitral::kernels
