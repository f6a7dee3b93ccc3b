#include "common/weights/format_error.h"

#include <array>

#include "common/core/text.h"

namespace vitral::weights {
namespace {

constexpr std::array<std::string_view, 33> kFaultNames = {
    "unknown_container",
    "unsupported_container",
    "truncated",
    "trailing_bytes",
    "limit",
    "overflow",
    "bad_header",
    "bad_json",
    "bad_name",
    "duplicate_name",
    "bad_path",
    "missing_member",
    "checksum",
    "byte_order",
    "zip_compressed",
    "zip_encrypted",
    "zip_mismatch",
    "zip_overlap",
    "zip_polyglot",
    "pickle_opcode",
    "pickle_stack",
    "pickle_memo",
    "pickle_type",
    "pickle_global",
    "pickle_call",
    "bad_dtype",
    "bad_shape",
    "bad_offsets",
    "size_mismatch",
    "bad_storage",
    "bad_view",
    "unsupported_tensor",
    "no_tensors",
};

std::string with_offset(std::string_view message, std::optional<std::uint64_t> offset) {
  std::string text = printable(message);
  if (offset) text += " (at byte " + std::to_string(*offset) + ")";
  return text;
}

}  // namespace

std::string_view to_string(Fault fault) {
  return kFaultNames.at(static_cast<std::size_t>(fault));
}

FormatError::FormatError(Fault fault, std::string_view file, std::string_view message,
                         std::optional<std::uint64_t> offset)
    : Error(ErrorKind::weights, printable(file), with_offset(message, offset)), fault_(fault), offset_(offset) {}

}  // namespace vitral::weights
