#include "datasets/rng.h"

#include <cmath>
#include <numbers>

namespace vitral {
namespace {

__extension__ using Wide = unsigned __int128;

std::array<std::uint64_t, 4> philox(std::array<std::uint64_t, 4> x, std::array<std::uint64_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const Wide a = Wide{0xD2E7470EE14C6C93} * x[0], b = Wide{0xCA5A826395121157} * x[2];
    x = {static_cast<std::uint64_t>(b >> 64) ^ x[1] ^ key[0], static_cast<std::uint64_t>(b),
         static_cast<std::uint64_t>(a >> 64) ^ x[3] ^ key[1], static_cast<std::uint64_t>(a)};
    key[0] += 0x9E3779B97F4A7C15;
    key[1] += 0xBB67AE8584CAA73B;
  }
  return x;
}

}  // namespace

std::uint64_t Rng::bits() {
  if (used_ == 4) {
    ++counter_[0];
    block_ = philox(counter_, key_);
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

double Rng::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

std::uint64_t Rng::below(std::uint64_t count) {
  // The high word of a product is even but for the first 2^64 mod count low words, which are drawn again (Lemire 2019).
  const std::uint64_t uneven = (0 - count) % count;
  Wide product = 0;
  do {
    product = Wide{bits()} * count;
  } while (static_cast<std::uint64_t>(product) < uneven);
  return static_cast<std::uint64_t>(product >> 64);
}

double Rng::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

double Rng::beta(double alpha) {
  if (alpha > 1) {
    const double a = gamma(alpha), b = gamma(alpha);
    return a / (a + b);
  }
  while (true) {  // Jöhnk; in logarithms, because u^(1/alpha) of a small alpha is 0
    const double a = std::log(1 - uniform()) / alpha, b = std::log(1 - uniform()) / alpha;
    const double top = std::max(a, b);
    const double log_sum = top + std::log(std::exp(a - top) + std::exp(b - top));
    if (log_sum <= 0) return std::exp(a - log_sum);
  }
}

/// Marsaglia and Tsang 2000, shape >= 1.
double Rng::gamma(double shape) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace vitral
