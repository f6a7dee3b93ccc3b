#include "common/weights/zip.h"

#include <zlib.h>

#include <algorithm>

#include "common/core/text.h"

namespace vitral::weights {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kDescriptor = 0x08074b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint64_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the real number is in the zip64 extra field
constexpr std::uint16_t kEncrypted = 1 << 0, kHasDescriptor = 1 << 3, kStrongEncryption = 1 << 6;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
// Deflate can't do better than 258 bytes for two bits.
constexpr std::uint64_t kBestDeflateRatio = 1032;

/// One header, central or local: what both of them say about a member.
struct Header {
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0, offset = 0;
  std::string_view name;
};

/// Replaces the fields that are 0xFFFFFFFF by the numbers of the zip64 extra field, in the order the format lays down.
void resolve_zip64(const Source& source, Header& header, std::uint64_t extra_begin, std::uint64_t extra_size,
                   bool central) {
  const bool wanted = header.size == kIn64 || header.packed == kIn64 || (central && header.offset == kIn64);
  if (!wanted) return;
  Cursor extra(source, extra_begin, extra_begin + extra_size);
  while (extra.remaining() >= 4) {
    const auto id = extra.number<std::uint16_t>("an extra field");
    const auto length = extra.number<std::uint16_t>("an extra field");
    const std::uint64_t begin = extra.position();
    extra.take(length, "an extra field");
    if (id != 1) continue;
    Cursor field(source, begin, begin + length);
    if (header.size == kIn64) header.size = field.number<std::uint64_t>("a zip64 size");
    if (header.packed == kIn64) header.packed = field.number<std::uint64_t>("a zip64 size");
    if (central && header.offset == kIn64) header.offset = field.number<std::uint64_t>("a zip64 offset");
    return;
  }
  source.fail(Fault::bad_header, "a zip member without its zip64 sizes", extra_begin);
}

/// Both headers share the run flags … extra length; `central` has attributes and an offset around it.
Header read_header(const Source& source, Cursor& cursor, bool central) {
  const std::string_view what = central ? "a central zip header" : "a local zip header";
  const std::uint64_t begin = cursor.position();
  if (cursor.number<std::uint32_t>(what) != (central ? kCentralHeader : kLocalHeader)) {
    source.fail(Fault::bad_header, "no zip header where one is expected", begin);
  }
  Header header;
  cursor.take(central ? 4 : 2, what);  // versions
  header.flags = cursor.number<std::uint16_t>(what);
  header.method = cursor.number<std::uint16_t>(what);
  cursor.take(4, what);  // time
  header.crc = cursor.number<std::uint32_t>(what);
  header.packed = cursor.number<std::uint32_t>(what);
  header.size = cursor.number<std::uint32_t>(what);
  const auto name_size = cursor.number<std::uint16_t>(what);
  const auto extra_size = cursor.number<std::uint16_t>(what);
  std::uint16_t comment_size = 0;
  if (central) {
    comment_size = cursor.number<std::uint16_t>(what);
    cursor.take(8, what);  // disk, attributes
    header.offset = cursor.number<std::uint32_t>(what);
  }
  const std::uint64_t name = cursor.position();
  header.name = source.text(name, cursor.take(name_size, "a member's name").size());
  const std::uint64_t extra = cursor.position();
  cursor.take(extra_size, "an extra field");
  cursor.take(comment_size, "a member's comment");
  resolve_zip64(source, header, extra, extra_size, central);
  return header;
}

void check_member_name(const Source& source, std::string_view name, std::uint64_t offset) {
  const auto refuse = [&](std::string_view why) {
    source.fail(Fault::bad_path, "zip member '" + printable(name, 100) + "' " + std::string(why), offset);
  };
  if (name.empty()) refuse("has no name");
  if (name.size() > source.limits.name_bytes) refuse("has a name of " + std::to_string(name.size()) + " bytes");
  if (name.find_first_of(std::string_view("\0\\", 2)) != std::string_view::npos)
    refuse("has a NUL or a backslash in its name");
  if (name[0] == '/' || (name.size() > 1 && name[1] == ':')) refuse("is an absolute path");
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (rest.substr(0, slash) == "..") refuse("climbs out of the archive");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
}

/// The descriptor behind the data: signature (optional), CRC, sizes of 4 or 8 bytes. Returns its length, 0 where none
/// fits.
std::uint64_t descriptor_size(const Source& source, const Header& header, std::uint64_t begin, std::uint64_t end) {
  for (const bool wide : {false, true}) {
    for (const bool signature : {true, false}) {
      const std::uint64_t size = (signature ? 4 : 0) + 4 + (wide ? 16 : 8);
      if (size > end - begin) continue;
      Cursor cursor(source, begin, end);
      const auto length = [&] { return wide ? cursor.number<std::uint64_t>("") : cursor.number<std::uint32_t>(""); };
      if (signature && cursor.number<std::uint32_t>("") != kDescriptor) continue;
      if (cursor.number<std::uint32_t>("") != header.crc) continue;
      if (length() == header.packed && length() == header.size) return size;
    }
  }
  return 0;
}

/// True where the raw deflate stream `in` ends with its last byte and fills `out` exactly.
bool inflate_exactly(std::span<const std::byte> in, std::span<std::byte> out) {
  z_stream stream = {};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
  std::byte beyond{};  // room for one byte too many, so that a stream longer than it said is noticed
  bool overrun = false;
  int status = Z_OK;
  while (status == Z_OK && !overrun) {
    const std::size_t give = std::min(in.size(), kPiece), room = std::min(out.size(), kPiece);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream.avail_in = static_cast<uInt>(give);
    stream.next_out = reinterpret_cast<Bytef*>(room > 0 ? out.data() : &beyond);
    stream.avail_out = room > 0 ? static_cast<uInt>(room) : 1;
    status = ::inflate(&stream, Z_NO_FLUSH);
    in = in.subspan(give - stream.avail_in);
    overrun = room == 0 && stream.avail_out == 0;
    if (room > 0) out = out.subspan(room - stream.avail_out);
  }
  ::inflateEnd(&stream);
  return status == Z_STREAM_END && !overrun && out.empty() && in.empty();
}

}  // namespace

ZipArchive::ZipArchive(const Source& source) : source_(source) {
  const Directory directory = find_directory();
  if (directory.entries > source.limits.entries) {
    source.fail(Fault::limit, std::to_string(directory.entries) + " zip members, the limit is " +
                                  std::to_string(source.limits.entries));
  }
  Cursor central(source, directory.offset, directory.offset + directory.size);
  for (std::uint64_t i = 0; i < directory.entries; ++i) members_.push_back(read_member(central, directory.offset));
  if (central.remaining() > 0)
    source.fail(Fault::bad_header, "the zip directory has more members than it says", central.position());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!index_.emplace(members_[i].name, i).second) {
      source.fail(Fault::duplicate_name, "two zip members are named '" + printable(members_[i].name, 100) + "'");
    }
  }
  check_layout(directory.offset);
}

const ZipMember* ZipArchive::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &members_[found->second];
}

ZipArchive::Directory ZipArchive::find_directory() const {
  static constexpr std::string_view kEndSignature("PK\5\6", 4);
  const std::uint64_t size = source_.bytes.size();
  // A comment of at most 65,535 bytes may follow the record.
  const std::uint64_t window = std::min<std::uint64_t>(size, kEndSize + 0xFFFF);
  const std::string_view tail = source_.text(size - window, window);
  const std::size_t found = tail.rfind(kEndSignature);
  if (found == std::string_view::npos || tail.size() - found < kEndSize) {
    source_.fail(Fault::truncated, "a zip archive without its directory: the file is cut short");
  }
  const std::uint64_t end_record = size - window + found;
  Cursor cursor(source_, end_record + 4, size);
  const auto disk = cursor.number<std::uint16_t>("the end record"),
             first_disk = cursor.number<std::uint16_t>("the end record");
  const auto here = cursor.number<std::uint16_t>("the end record"),
             entries = cursor.number<std::uint16_t>("the end record");
  Directory directory{entries, 0, 0};
  directory.size = cursor.number<std::uint32_t>("the end record");
  directory.offset = cursor.number<std::uint32_t>("the end record");
  if (disk != first_disk || here != entries)
    source_.fail(Fault::bad_header, "a zip archive of several volumes", end_record);
  std::uint64_t records = end_record;  // where the directory has to end
  if (end_record >= kLocatorSize && source_.text(end_record - kLocatorSize, 4) == "PK\6\7") {
    Cursor locator(source_, end_record - kLocatorSize + 8, end_record);
    records = locator.number<std::uint64_t>("the zip64 locator");
    directory = zip64_directory(end_record, directory);
  } else if (directory.offset == kIn64 || directory.size == kIn64) {
    source_.fail(Fault::bad_header, "a zip archive without its zip64 end record", end_record);
  }
  const auto end = checked_add(directory.offset, directory.size);
  if (!end) source_.fail(Fault::overflow, "the zip directory's place does not fit 64 bits", end_record);
  if (*end < records) source_.fail(Fault::zip_polyglot, "bytes around the zip directory that belong to nothing", *end);
  if (*end > records) source_.fail(Fault::bad_header, "the zip directory reaches past its end record", end_record);
  if (source_.text(records, end_record - records).find(kEndSignature) != std::string_view::npos) {
    source_.fail(Fault::zip_polyglot, "a second zip end record", records);
  }
  return directory;
}

ZipArchive::Directory ZipArchive::zip64_directory(std::uint64_t end_record, const Directory& small) const {
  Cursor locator(source_, end_record - kLocatorSize + 8, end_record);
  const auto at = locator.number<std::uint64_t>("the zip64 locator");
  if (at > end_record - kLocatorSize || end_record - kLocatorSize - at < kEnd64Size) {
    source_.fail(Fault::bad_header, "the zip64 end record is not where its locator says", end_record);
  }
  Cursor cursor(source_, at, end_record - kLocatorSize);
  if (cursor.number<std::uint32_t>("the zip64 end record") != kEnd64) {
    source_.fail(Fault::bad_header, "the zip64 end record is not where its locator says", at);
  }
  const auto record_size = cursor.number<std::uint64_t>("the zip64 end record");
  if (record_size != end_record - kLocatorSize - at - 12)
    source_.fail(Fault::bad_header, "a zip64 end record of wrong length", at);
  cursor.take(12, "the zip64 end record");  // versions, disks
  const auto here = cursor.number<std::uint64_t>("the zip64 end record");
  Directory directory{};
  directory.entries = cursor.number<std::uint64_t>("the zip64 end record");
  directory.size = cursor.number<std::uint64_t>("the zip64 end record");
  directory.offset = cursor.number<std::uint64_t>("the zip64 end record");
  const auto agrees = [](std::uint64_t narrow, std::uint64_t wide, std::uint64_t saturated) {
    return narrow == wide || narrow == saturated;
  };
  if (here != directory.entries || !agrees(small.entries, directory.entries, 0xFFFF) ||
      !agrees(small.size, directory.size, kIn64) || !agrees(small.offset, directory.offset, kIn64)) {
    source_.fail(Fault::zip_mismatch, "the two zip end records disagree", at);
  }
  return directory;
}

ZipMember ZipArchive::read_member(Cursor& central, std::uint64_t data_end) const {
  const std::uint64_t at = central.position();
  const Header header = read_header(source_, central, true);
  check_member_name(source_, header.name, at);
  const std::string label = "zip member '" + printable(header.name, 100) + "' ";
  if (header.flags & (kEncrypted | kStrongEncryption)) source_.fail(Fault::zip_encrypted, label + "is encrypted", at);
  if (header.method != kStored && header.method != kDeflated) {
    source_.fail(Fault::zip_compressed, label + "is compressed by method " + std::to_string(header.method), at);
  }
  if (header.method == kStored && header.packed != header.size) {
    source_.fail(Fault::zip_mismatch, label + "is stored but has two sizes", at);
  }
  if (header.offset >= data_end) source_.fail(Fault::bad_header, label + "lies behind the directory", at);
  Cursor local_cursor(source_, header.offset, data_end);
  const Header local = read_header(source_, local_cursor, false);
  const bool late = (local.flags & kHasDescriptor) != 0 && local.crc == 0 && local.packed == 0 && local.size == 0;
  const bool same_numbers = local.crc == header.crc && local.packed == header.packed && local.size == header.size;
  if (local.name != header.name || local.method != header.method || local.flags != header.flags ||
      !(late || same_numbers)) {
    source_.fail(Fault::zip_mismatch, label + "differs between the directory and its own header", header.offset);
  }
  ZipMember member{std::string(header.name), {}, header.size, header.crc, header.method == kDeflated, header.offset, 0};
  member.data = local_cursor.take(header.packed, label);
  member.end = local_cursor.position();
  if (header.flags & kHasDescriptor) {
    const std::uint64_t size = descriptor_size(source_, header, member.end, data_end);
    if (size == 0 && late) source_.fail(Fault::zip_mismatch, label + "has a descriptor that disagrees", member.end);
    member.end += size;
  }
  return member;
}

void ZipArchive::check_layout(std::uint64_t directory) const {
  std::vector<const ZipMember*> sorted;
  for (const auto& member : members_) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->header < b->header; });
  std::uint64_t end = 0;  // of everything so far; members and directory follow one another without a gap
  const auto expect = [&](std::uint64_t begin, std::string_view what) {
    if (begin < end) source_.fail(Fault::zip_overlap, std::string(what) + " overlaps what lies before it", begin);
    if (begin > end) source_.fail(Fault::zip_polyglot, "bytes before " + std::string(what) + " belong to nothing", end);
  };
  for (const ZipMember* member : sorted) {
    expect(member->header, "zip member '" + printable(member->name, 100) + "'");
    end = member->end;
  }
  expect(directory, "the zip directory");
}

void ZipArchive::check_crc(const ZipMember& member, std::span<const std::byte> bytes) const {
  if (member.crc == 0) return;
  const uLong actual = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (actual != member.crc) {
    source_.fail(Fault::checksum, "zip member '" + printable(member.name, 100) + "' has a wrong CRC-32", member.header);
  }
}

Content ZipArchive::stored(const ZipMember& member) const {
  if (member.deflated) {
    source_.fail(Fault::zip_compressed,
                 "zip member '" + printable(member.name, 100) + "' is compressed, expected stored bytes",
                 member.header);
  }
  check_crc(member, member.data);
  return {member.data, source_.owner, source_.file};
}

Content ZipArchive::unpacked(const ZipMember& member) {
  if (!member.deflated) return stored(member);
  const std::string label = "zip member '" + printable(member.name, 100) + "' ";
  decoded_ = checked_add(decoded_, member.size).value_or(UINT64_MAX);
  if (decoded_ > source_.limits.decoded_bytes) source_.fail(Fault::limit, label + "unpacks to too much", member.header);
  if (member.size / kBestDeflateRatio > member.data.size()) {
    source_.fail(Fault::zip_compressed, label + "claims more than its bytes can unpack to", member.header);
  }
  auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(member.size));
  if (!inflate_exactly(member.data, *bytes)) {
    source_.fail(Fault::zip_compressed, label + "does not unpack to what it says", member.header);
  }
  check_crc(member, *bytes);
  return {*bytes, bytes, nullptr};
}

}  // namespace vitral::weights
