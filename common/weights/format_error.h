/// What is wrong with a checkpoint file: every reader in this folder throws this and nothing laxer is ever tried
/// instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/error.h"

namespace vitral::weights {

/// The kinds of damage, so that tests and callers can tell them apart without reading text.
enum class Fault {
  // The container
  unknown_container,      ///< the first bytes belong to no format that is read here
  unsupported_container,  ///< a format that is recognised and refused by name (tar, 7z, TorchScript, HDF5, …)
  truncated,              ///< the file ends before its own structure does
  trailing_bytes,         ///< bytes that nothing in the file accounts for
  limit,                  ///< larger, deeper or more than `Limits` allows
  overflow,               ///< sizes whose product or sum does not fit
  bad_header,             ///< a header whose structure is wrong
  bad_json,               ///< JSON that does not parse
  bad_name,               ///< a tensor's name that is empty, too long or holds a NUL or invalid UTF-8
  duplicate_name,         ///< a name or key that appears twice
  bad_path,               ///< a file or member name that leads elsewhere
  missing_member,         ///< a part that has to be there is not
  checksum,               ///< CRC-32 differs
  byte_order,             ///< big-endian data
  // Zip archives
  zip_compressed,  ///< a compressed member where only stored ones are allowed, or a broken or lying deflate stream
  zip_encrypted,
  zip_mismatch,  ///< central directory and local header disagree
  zip_overlap,   ///< two members share bytes
  zip_polyglot,  ///< bytes before the first member, or more than one end record
  // Pickles
  pickle_opcode,  ///< an opcode that does not exist or that no checkpoint needs
  pickle_stack,   ///< too little on the stack, no mark, or not exactly one value at the end
  pickle_memo,    ///< an unset memo entry is used, or its number is absurd
  pickle_type,    ///< an operation on a value of the wrong type
  pickle_global,  ///< a name from a module that no checkpoint needs (os, subprocess, …)
  pickle_call,    ///< a function would have to be called
  // Tensors
  bad_dtype,           ///< an unknown element type
  bad_shape,           ///< a negative, fractional or too long shape
  bad_offsets,         ///< reversed, overlapping or gapped byte ranges
  size_mismatch,       ///< shape times element size is not the number of stored bytes
  bad_storage,         ///< a storage that is missing, inconsistent or named strangely
  bad_view,            ///< offset, shape and strides lead outside the storage
  unsupported_tensor,  ///< quantised, sparse, meta or subclass tensors
  no_tensors,          ///< nothing in the file is a state dict
};

/// "bad_offsets" for Fault::bad_offsets.
std::string_view to_string(Fault fault);

/// A damaged, hostile or unsupported checkpoint. `offset` is the place in the file where it is known.
class FormatError : public Error {
 public:
  FormatError(Fault fault, std::string_view file, std::string_view message, std::optional<std::uint64_t> offset = {});
  Fault fault() const noexcept { return fault_; }
  std::optional<std::uint64_t> offset() const noexcept { return offset_; }

 private:
  Fault fault_;
  std::optional<std::uint64_t> offset_;
};

}  // namespace vitral::weights
