/// Frame rates as the fractions that they are: 29.97 is 30000/1001.
#pragma once

#include <cstdint>

namespace vitral::video {

struct Rational {
  std::int64_t num = 0, den = 1;
  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
  bool operator==(const Rational&) const = default;
};

}  // namespace vitral::video
