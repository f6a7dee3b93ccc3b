/// Which format a file is, by its first bytes alone.
#include <algorithm>

#include "common/weights/source.h"

namespace vitral::weights {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
};

/// Formats that people try and that are not read here.
constexpr Magic kRefused[] = {
    {257, "ustar"sv, "a tar archive (torch 0.1, or a packed file to unpack first)"},
    {0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
    {0, "\x1F\x8B"sv, "a gzip file, to be unpacked first"},
    {0, "BZh"sv, "a bzip2 file, to be unpacked first"},
    {0,
     "\xFD"
     "7zXZ"sv,
     "an xz file, to be unpacked first"},
    {0, "\x28\xB5\x2F\xFD"sv, "a zstandard file, to be unpacked first"},
    {0, "Rar!"sv, "a rar archive"},
    {0, "\x89HDF\r\n\x1A\n"sv, "an HDF5 file (Keras)"},
    {0, "GGUF"sv, "a GGUF file"},
    {4, "TFL3"sv, "a TensorFlow Lite file"},
    {0, "\x93NUMPY"sv, "a single .npy array, expected an .npz"},
    {0, "PK\5\6"sv, "an empty zip archive"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer, not the file itself ('git lfs pull' fetches it)"},
    {0, "<!DOCTYPE"sv, "an HTML page, perhaps of a download that failed"},
    {0, "<!doctype"sv, "an HTML page, perhaps of a download that failed"},
    {0, "<html"sv, "an HTML page, perhaps of a download that failed"},
    {0, "<?xml"sv, "an XML file"},
};

/// torch's magic number 0x1950a86a20f9469cfc6c, pickled with protocol 2 or a later one (which may put a frame around
/// it).
constexpr std::string_view kLegacyMagic = "\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19."sv;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

Format sniff(const Source& source) {
  const std::string_view text = source.text(0, std::min<std::uint64_t>(source.bytes.size(), 512));
  if (text.empty()) source.fail(Fault::truncated, "is empty");
  if (text.starts_with("PK\3\4"sv)) return Format::zip;
  for (const auto& magic : kRefused) {
    if (text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes)) {
      source.fail(Fault::unsupported_container, "is " + std::string(magic.name) + ", which is not read");
    }
  }
  if (text.size() >= 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5) {
    if (text.substr(2, 9 + kLegacyMagic.size()).find(kLegacyMagic) != std::string_view::npos)
      return Format::torch_legacy;
    source.fail(Fault::unsupported_container, "is a bare pickle, not written by torch.save: which is not read");
  }
  // A JSON text has no NUL among its first bytes; a header's length below 2^56 has.
  const auto first = std::find_if_not(text.begin(), text.end(), is_space);
  if (first != text.end() && *first == '{' && text.substr(0, 8).find('\0') == std::string_view::npos)
    return Format::index;
  if (text.size() < 8)
    source.fail(Fault::truncated, "has " + std::to_string(text.size()) + " bytes, too few for a checkpoint");
  const auto length = Cursor(source).number<std::uint64_t>("the header's length");
  const auto header = std::find_if_not(text.begin() + 8, text.end(), is_space);
  if (length <= source.limits.header_bytes || (header != text.end() && *header == '{')) return Format::safetensors;
  source.fail(Fault::unknown_container, "is no checkpoint that is read here (safetensors, torch .pth, numpy .npz)");
}

}  // namespace vitral::weights
