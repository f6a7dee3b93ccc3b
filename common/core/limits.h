/// The bounds that every reader of foreign files keeps, in one place (docs/reliability.md).
#pragma once

#include <cstdint>

namespace vitral {

struct Limits {
  // Checkpoints
  std::uint64_t file_bytes = std::uint64_t{1} << 40;     ///< 1 TiB: larger files are refused
  std::uint64_t header_bytes = 100'000'000;              ///< safetensors header, as the format's own library allows
  std::uint64_t tensors = 65'536;                        ///< tensors in one checkpoint
  std::uint64_t rank = 16;                               ///< dimensions of a safetensors tensor
  std::uint64_t pickle_rank = 64;                        ///< dimensions of a pickled tensor
  std::uint64_t name_bytes = 1'024;                      ///< length of a tensor's name
  std::uint64_t depth = 64;                              ///< nesting of JSON, pickles, folders
  std::uint64_t objects = 1'000'000;                     ///< values built from one pickle or JSON text
  std::uint64_t entries = 200'000;                       ///< members of a zip archive
  std::uint64_t decoded_bytes = std::uint64_t{1} << 36;  ///< bytes that compressed members may unpack to
  std::uint64_t view_repeats = 16;                       ///< views may repeat a file's bytes so often …
  std::uint64_t view_bytes = 1u << 26;                   ///< … and by so many bytes on top
  // Pictures
  std::uint64_t pixels = 100'000'000;      ///< width x height, checked from the header before decoding
  std::uint64_t image_bytes = 1ull << 30;  ///< size of one encoded picture
  std::uint64_t side = 1u << 20;           ///< width or height
  std::uint64_t jpeg_scans = 200;          ///< passes of a progressive JPEG; photographs have up to a dozen
  double decode_seconds = 5.0;             ///< time for one JPEG: a file of many costly scans ends within this
};

}  // namespace vitral
