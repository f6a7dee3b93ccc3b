/// Checkpoint files made byte by byte, good and bad: the tests compare readers with them and the fuzz targets start
/// there.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/weights/checkpoint.h"

namespace vitral::weights::build {

using Bytes = std::string;

template <typename Number>
Bytes le(Number value) {
  return Bytes(reinterpret_cast<const char*>(&value), sizeof value);
}
inline Bytes u16(std::uint16_t value) {
  return le(value);
}
inline Bytes u32(std::uint32_t value) {
  return le(value);
}
inline Bytes u64(std::uint64_t value) {
  return le(value);
}
/// `text` `count` times.
Bytes repeat(std::string_view text, std::size_t count);
/// The values' bytes.
Bytes floats(std::initializer_list<float> values);

// safetensors -------------------------------------------------------------------------------------------------------

/// Length, header, data.
Bytes safetensors(std::string_view header, std::string_view data = "");
/// {"name":{"dtype":…,"shape":…,"data_offsets":…}} with the three values as given.
Bytes one_tensor(std::string_view dtype, std::string_view shape, std::string_view offsets, std::string_view data);

// Pickles: each function gives the opcodes that put one value on the stack --------------------------------------------

using Op = Bytes;
Op integer(std::int64_t value);
Op text(std::string_view value);
Op boolean(bool value);
Op none();
Op global(std::string_view module, std::string_view name);
Op tuple(std::initializer_list<Op> items);
Op list(std::initializer_list<Op> items);
Op dict(std::initializer_list<std::pair<Op, Op>> items);
Op ordered_dict(std::initializer_list<std::pair<Op, Op>> items);
Op reduce(const Op& callable, const Op& arguments);
/// cls.__new__(cls, *arguments), then its attributes where `state` is given.
Op object(const Op& type, const Op& state = "", const Op& arguments = ")");
/// As torch names a storage. `type` is "FloatStorage" and the like.
Op storage(std::string_view type, std::string_view key, std::int64_t count);
Op sizes(std::initializer_list<std::int64_t> values);
/// torch._utils._rebuild_tensor_v2 over a storage.
Op tensor(const Op& storage, std::int64_t offset, std::initializer_list<std::int64_t> shape,
          std::initializer_list<std::int64_t> strides);
/// A float tensor of two elements in the storage "0", which most cases need.
Op pair_tensor();
/// PROTO, the value, STOP.
Bytes pickle(const Op& value, int protocol = 2);

// Zip archives ------------------------------------------------------------------------------------------------------

struct Member {
  std::string name;
  Bytes data;
  // Set what should be wrong; sizes and checksums are computed otherwise.
  std::optional<std::string> central_name = {};
  std::optional<std::uint32_t> crc = {}, central_crc = {};
  std::optional<std::uint32_t> local_size = {}, central_size = {};  ///< both sizes of the header
  std::optional<std::uint32_t> unpacked = {};                       ///< the unpacked size alone, in both headers
  std::optional<std::uint32_t> offset = {};                         ///< of the local header, as the directory says
  std::uint16_t flags = 0, method = 0;
  std::optional<std::uint16_t> central_flags = {}, central_method = {};
  Bytes extra = {}, central_extra = {};
  bool descriptor = false;  ///< sizes behind the data, as torch writes them
  std::optional<Bytes> descriptor_bytes = {};
};

struct ZipOptions {
  Bytes prefix = {}, gap = {}, comment = {}, trailer = {};  ///< gap: between members and directory
  std::optional<std::uint16_t> entries = {};
  std::optional<std::uint32_t> directory_offset = {}, directory_size = {};
  bool zip64 = false;  ///< adds the zip64 end record and its locator
  std::optional<std::uint64_t> zip64_entries = {}, zip64_offset = {}, zip64_at = {};
};

Bytes zip(const std::vector<Member>& members, const ZipOptions& options = {});
/// Raw deflate of `data`.
Bytes deflate(std::string_view data);

// Whole files -------------------------------------------------------------------------------------------------------

using Storages = std::vector<std::pair<std::string, Bytes>>;
/// The members of a torch archive under "archive/".
std::vector<Member> torch_members(const Bytes& pickle, const Storages& storages);
Bytes torch_zip(const Op& value, const Storages& storages, int protocol = 2);
/// The storages' lengths are in elements of `item` bytes.
Bytes torch_legacy(const Op& value, const Storages& storages, std::size_t item = 4, int protocol = 2);
/// The storage of pair_tensor().
Storages pair_storage();
/// .npy with the given header text, padded as numpy does it.
Bytes npy(std::string_view header, std::string_view data, int major = 1);
Bytes npz(const std::vector<std::pair<std::string, Bytes>>& arrays);

// Opening -----------------------------------------------------------------------------------------------------------

/// Opens a copy of `bytes` that lies at an odd place, so that nothing may rely on alignment.
Checkpoint open_copy(std::string_view bytes, const Limits& limits = {});
/// What refuses `bytes`, or nothing where they are accepted; an accepted file has every byte of every tensor read.
std::optional<Fault> fault_of(std::string_view bytes, const Limits& limits = {});
/// Sum over the bytes of all tensors.
std::uint64_t touch(const Checkpoint& checkpoint);

}  // namespace vitral::weights::build
