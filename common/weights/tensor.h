/// A tensor as it lies in a file: element type, shape, strides and the bytes, not yet a LibTorch tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/file.h"

namespace vitral::weights {

/// The element types of safetensors (version 0.6 of the format's own library); `.pth` and `.npz` hold a subset.
enum class Dtype : std::uint8_t {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64,
};
inline constexpr std::size_t kDtypes = 22;

/// The safetensors name: "F32", "BF16", "BOOL", …
std::string_view to_string(Dtype dtype);
std::optional<Dtype> dtype_from_string(std::string_view name);
/// Bits of one element: 4 to 64 (not always whole bytes).
unsigned bits(Dtype dtype);
/// True for real floating-point types (not for complex ones).
bool is_floating(Dtype dtype);

/// Elements and where they are. Strides count elements and may be 0 or overlap; they are never negative.
/// Invariant (every reader checks it): `bytes` begins at element [0, …, 0] and holds every element the strides reach.
struct TensorRecord {
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;         ///< empty: a scalar
  std::vector<std::int64_t> strides;       ///< of elements, as long as `shape`
  std::span<const std::byte> bytes;        ///< read-only; may be a map of the file
  std::shared_ptr<const void> owner;       ///< keeps `bytes` alive
  std::shared_ptr<const MappedFile> file;  ///< the map behind `bytes`, or null where they lie on the heap

  std::uint64_t numel() const;
  /// Bytes of the tensor when stored densely.
  std::uint64_t size_bytes() const;
  /// True where the elements lie in row-major order without gaps.
  bool is_contiguous() const;
};

/// Row-major strides of `shape`.
std::vector<std::int64_t> contiguous_strides(std::span<const std::int64_t> shape);

/// A record over `bytes`, which hold the elements densely.
TensorRecord dense_record(Dtype dtype, std::vector<std::int64_t> shape, std::span<const std::byte> bytes,
                          std::shared_ptr<const void> owner, std::shared_ptr<const MappedFile> file = nullptr);

/// The elements in row-major order: the bytes themselves where they lie so, otherwise a copy kept in `scratch`.
std::span<const std::byte> contiguous_bytes(const TensorRecord& tensor, std::vector<std::byte>& scratch);

/// Entry `index` along the first dimension, without copying.
TensorRecord select(const TensorRecord& tensor, std::int64_t index);

/// "F32 [64, 3, 7, 7]".
std::string describe(const TensorRecord& tensor);
/// "[64, 3, 7, 7]".
std::string describe_shape(std::span<const std::int64_t> shape);

struct NamedTensor {
  std::string name;
  TensorRecord tensor;
};

}  // namespace vitral::weights
