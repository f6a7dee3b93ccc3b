/// Zip archives as torch and numpy write them, read strictly: one directory, which the local headers confirm.
///
/// Refused: encryption, compression (unless asked for), members that overlap, bytes before the first member, a second
/// end record, names that are absolute, climb, repeat or hold a NUL, central and local headers that differ. Trailing
/// bytes after the end record and data descriptors (torch writes them) are accepted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/weights/source.h"

namespace vitral::weights {

struct ZipMember {
  std::string name;
  std::span<const std::byte> data;  ///< as stored, possibly deflated
  std::uint64_t size = 0;           ///< unpacked
  std::uint32_t crc = 0;            ///< 0: torch was told not to compute it
  bool deflated = false;
  std::uint64_t header = 0;  ///< offset of the local header
  std::uint64_t end = 0;     ///< behind data and descriptor
};

class ZipArchive {
 public:
  /// Reads and checks the directory; `source` has to outlive the archive. Compressed members are refused when read.
  explicit ZipArchive(const Source& source);
  ZipArchive(const ZipArchive&) = delete;  // the index points into the members
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::vector<ZipMember>& members() const { return members_; }
  /// The member of that name, or null.
  const ZipMember* find(std::string_view name) const;

  /// The bytes of a stored member, CRC-32 checked. A compressed one is Fault::zip_compressed.
  Content stored(const ZipMember& member) const;
  /// The bytes of any member; what `stored` allows, and deflate within limits.decoded_bytes for all members together.
  Content unpacked(const ZipMember& member);

 private:
  struct Directory {
    std::uint64_t entries, offset, size;
  };
  Directory find_directory() const;
  Directory zip64_directory(std::uint64_t end_record, const Directory& small) const;
  ZipMember read_member(Cursor& central, std::uint64_t data_end) const;
  void check_layout(std::uint64_t directory) const;
  void check_crc(const ZipMember& member, std::span<const std::byte> bytes) const;

  const Source& source_;
  std::vector<ZipMember> members_;
  std::map<std::string_view, std::size_t> index_;
  std::uint64_t decoded_ = 0;
};

}  // namespace vitral::weights
