/// Random numbers that depend on a place, not on who came before: Philox4x64-10 (Salmon et al. 2011, "Parallel random
/// numbers: as easy as 1, 2, 3").
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace vitral {

/// What a stream of random numbers is for: streams of different purposes share nothing.
enum class RandomPurpose : std::uint64_t { order, augmentation, batch, generation, split };

/// One stream: the same (seed, purpose, epoch, index) gives the same numbers on every machine and in every thread. The
/// raw numbers are those of numpy's Philox(key=[seed, purpose], counter=[0, epoch, index, 0]).
class Rng {
 public:
  explicit Rng(std::uint64_t seed, RandomPurpose purpose = RandomPurpose::augmentation, std::uint64_t epoch = 0,
               std::uint64_t index = 0)
      : key_{seed, static_cast<std::uint64_t>(purpose)}, counter_{0, epoch, index, 0} {}

  /// 64 random bits.
  std::uint64_t bits();
  /// In [0, 1), a multiple of 2^-53.
  double uniform();
  /// In [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// One of 0 … count - 1, each as likely as the others; `count` >= 1.
  std::uint64_t below(std::uint64_t count);
  /// One of low … high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(double probability) { return uniform() < probability; }
  /// Of mean 0 and variance 1 (Box and Muller 1958).
  double normal();
  /// Of Beta(alpha, alpha), alpha > 0 (Jöhnk 1964 up to 1, above it by gammas, Marsaglia and Tsang 2000).
  double beta(double alpha);

  /// Every order is as likely as the others (Fisher and Yates).
  template <class Value>
  void shuffle(std::vector<Value>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  double gamma(double shape);

  std::array<std::uint64_t, 2> key_;
  std::array<std::uint64_t, 4> counter_;
  std::array<std::uint64_t, 4> block_{};
  int used_ = 4;  // numbers of `block_` that are spent
};

}  // namespace vitral
