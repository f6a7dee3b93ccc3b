/// Figures of benchmarks: gathered without memory that grows, printed beside their goals.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace vitral::bench {

/// Times of up to ten seconds, told apart by a tenth of a millisecond; longer ones count as ten seconds.
class Times {
 public:
  void add(double ms) {
    ++counts_[static_cast<std::size_t>(std::clamp(10 * ms, 0.0, static_cast<double>(kBins - 1)))];
    ++all_;
  }
  std::uint64_t count() const { return all_; }
  /// The time, in ms, that `share` of the times do not exceed.
  double percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(all_));
    std::uint64_t seen = 0;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      seen += counts_[bin];
      if (seen > 0 && seen >= wanted) return 0.1 * static_cast<double>(bin + 1);
    }
    return 0;
  }

 private:
  static constexpr std::size_t kBins = 100'000;
  std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(kBins, 0);
  std::uint64_t all_ = 0;
};

/// A line through points, by least squares.
class Line {
 public:
  void add(double x, double y) { n_ += 1, x_ += x, y_ += y, xx_ += x * x, xy_ += x * y; }
  /// Units of y by units of x.
  double slope() const { return n_ < 2 ? 0 : (n_ * xy_ - x_ * y_) / (n_ * xx_ - x_ * x_); }

 private:
  double n_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0;
};

struct Goal {
  std::string figure;
  double value;
  bool is_most;  ///< the value may not be above `goal`; else it may not be below
  double goal;
  bool holds() const { return is_most ? value <= goal : value >= goal; }
};

/// `"goals":[{"figure":"age_p99_ms","value":140,"at_most":170,"holds":true}]`
inline std::string json_of(const std::vector<Goal>& goals) {
  std::string text = "\"goals\":[";
  for (const auto& goal : goals) {
    std::array<char, 256> one{};
    std::snprintf(one.data(), one.size(), "%s{\"figure\":\"%s\",\"value\":%.4g,\"%s\":%.4g,\"holds\":%s}",
                  &goal == goals.data() ? "" : ",", goal.figure.c_str(), goal.value,
                  goal.is_most ? "at_most" : "at_least", goal.goal, goal.holds() ? "true" : "false");
    text += one.data();
  }
  return text + "]";
}

/// The exit code of a benchmark: 1 where a goal is missed.
inline int exit_code(const std::vector<Goal>& goals) {
  return std::all_of(goals.begin(), goals.end(), [](const Goal& goal) { return goal.holds(); }) ? 0 : 1;
}

}  // namespace vitral::bench
