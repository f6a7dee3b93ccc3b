/// A picture in memory: upright, RGB, 8 bits, rows without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace vitral::image {

/// std::allocator that leaves bytes uninitialised: a picture's memory is written once, by the decoder, and pages that a
/// refused picture never reached are never touched.
template <typename T>
struct UninitializedAllocator : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = UninitializedAllocator<U>;
  };
  template <typename U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }
};
using Pixels = std::vector<std::uint8_t, UninitializedAllocator<std::uint8_t>>;

/// RGB, 8 bits a channel, [height, width, 3] contiguous.
struct Image {
  int width = 0;
  int height = 0;
  Pixels pixels;

  /// Black where `pixels` is not written (the memory is not initialised).
  static Image uninitialized(int width, int height);
  bool empty() const { return pixels.empty(); }
  std::size_t stride() const { return static_cast<std::size_t>(width) * 3; }
  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * stride(); }
  const std::uint8_t* row(int y) const { return pixels.data() + static_cast<std::size_t>(y) * stride(); }
  bool operator==(const Image&) const = default;
};

}  // namespace vitral::image
