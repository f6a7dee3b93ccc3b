/// Arithmetic on sizes that come from files: never wraps, never rounds before it is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace vitral {

/// a + b, or nothing where it would wrap.
inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// a * b, or nothing where it would wrap.
inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// The product of all dimensions (1 for none), or nothing where it would wrap or a dimension is negative.
/// A zero anywhere does not excuse the others: 0 x 2^63 x 4 is refused like 2^63 x 4.
inline std::optional<std::uint64_t> checked_numel(std::span<const std::int64_t> shape) {
  std::uint64_t nonzero_product = 1;
  bool has_zero = false;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      has_zero = true;
      continue;
    }
    const auto next = checked_mul(nonzero_product, static_cast<std::uint64_t>(size));
    if (!next || *next > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    nonzero_product = *next;
  }
  return has_zero ? 0 : nonzero_product;
}

}  // namespace vitral
