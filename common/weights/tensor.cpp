#include "common/weights/tensor.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/core/checked.h"

namespace vitral::weights {
namespace {

struct DtypeFacts {
  std::string_view name;
  unsigned bits;
  bool floating;
};

constexpr std::array<DtypeFacts, kDtypes> kDtypeFacts = {{
    {"BOOL", 8, false},   {"F4", 4, true},          {"F6_E2M3", 6, true},     {"F6_E3M2", 6, true},
    {"U8", 8, false},     {"I8", 8, false},         {"F8_E5M2", 8, true},     {"F8_E4M3", 8, true},
    {"F8_E8M0", 8, true}, {"F8_E4M3FNUZ", 8, true}, {"F8_E5M2FNUZ", 8, true}, {"I16", 16, false},
    {"U16", 16, false},   {"F16", 16, true},        {"BF16", 16, true},       {"I32", 32, false},
    {"U32", 32, false},   {"F32", 32, true},        {"C64", 64, false},       {"F64", 64, true},
    {"I64", 64, false},   {"U64", 64, false},
}};

const DtypeFacts& facts(Dtype dtype) {
  return kDtypeFacts.at(static_cast<std::size_t>(dtype));
}

}  // namespace

std::string_view to_string(Dtype dtype) {
  return facts(dtype).name;
}
unsigned bits(Dtype dtype) {
  return facts(dtype).bits;
}
bool is_floating(Dtype dtype) {
  return facts(dtype).floating;
}

std::optional<Dtype> dtype_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kDtypes; ++i) {
    if (kDtypeFacts[i].name == name) return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

// The readers checked that the product fits, so plain arithmetic is safe from here on.
std::uint64_t TensorRecord::numel() const {
  return checked_numel(shape).value_or(0);
}

std::uint64_t TensorRecord::size_bytes() const {
  return numel() * bits(dtype) / 8;
}

bool TensorRecord::is_contiguous() const {
  if (numel() == 0) return true;
  std::int64_t expected = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 1) continue;
    if (strides[d] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

std::vector<std::int64_t> contiguous_strides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t next = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = next;
    next *= std::max<std::int64_t>(shape[d], 1);
  }
  return strides;
}

TensorRecord dense_record(Dtype dtype, std::vector<std::int64_t> shape, std::span<const std::byte> bytes,
                          std::shared_ptr<const void> owner, std::shared_ptr<const MappedFile> file) {
  auto strides = contiguous_strides(shape);
  return {dtype, std::move(shape), std::move(strides), bytes, std::move(owner), std::move(file)};
}

std::span<const std::byte> contiguous_bytes(const TensorRecord& tensor, std::vector<std::byte>& scratch) {
  const auto size = static_cast<std::size_t>(tensor.size_bytes());
  if (tensor.is_contiguous()) return tensor.bytes.first(size);
  const std::size_t item = bits(tensor.dtype) / 8;  // only whole-byte types have strides
  scratch.resize(size);
  // An odometer over all dimensions but the last, which is copied element by element.
  const std::size_t rank = tensor.shape.size();
  const std::int64_t columns = tensor.shape[rank - 1];
  const std::size_t step = static_cast<std::size_t>(tensor.strides[rank - 1]) * item;
  std::vector<std::int64_t> index(rank, 0);
  std::byte* out = scratch.data();
  for (std::size_t rows = size / item / static_cast<std::size_t>(columns); rows > 0; --rows) {
    std::size_t offset = 0;
    for (std::size_t d = 0; d + 1 < rank; ++d) offset += static_cast<std::size_t>(index[d] * tensor.strides[d]) * item;
    for (std::int64_t c = 0; c < columns; ++c, offset += step, out += item) {
      std::memcpy(out, tensor.bytes.data() + offset, item);
    }
    for (std::size_t d = rank - 1; d-- > 0 && ++index[d] == tensor.shape[d];) index[d] = 0;
  }
  return scratch;
}

TensorRecord select(const TensorRecord& tensor, std::int64_t index) {
  TensorRecord entry = tensor;
  entry.shape.erase(entry.shape.begin());
  entry.strides.erase(entry.strides.begin());
  if (entry.numel() == 0) return entry;
  const std::size_t stride_bits = static_cast<std::size_t>(tensor.strides[0]) * bits(tensor.dtype);
  entry.bytes = entry.bytes.subspan(static_cast<std::size_t>(index) * stride_bits / 8);
  return entry;
}

std::string describe_shape(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t d = 0; d < shape.size(); ++d) text += (d > 0 ? ", " : "") + std::to_string(shape[d]);
  return text + "]";
}

std::string describe(const TensorRecord& tensor) {
  return std::string(to_string(tensor.dtype)) + " " + describe_shape(tensor.shape);
}

}  // namespace vitral::weights
