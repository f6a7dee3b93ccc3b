#include <gtest/gtest.h>

#include "tests/weights/hostile.h"

namespace vitral::weights::build {
namespace {

Bytes good_pickle() {
  return pickle(dict({{text("w"), pair_tensor()}}));
}
std::vector<Member> good_members() {
  return torch_members(good_pickle(), pair_storage());
}

/// A good archive with one member changed.
Bytes changed(std::size_t index, const std::function<void(Member&)>& change,
              const ZipOptions& options = {.zip64 = true}) {
  auto members = good_members();
  change(members[index]);
  return zip(members, options);
}
constexpr std::size_t kPickleMember = 0, kStorageMember = 2;

/// The good archive and a member of that name.
Bytes with_member(const Member& member) {
  auto members = good_members();
  members.push_back(member);
  return zip(members);
}

Bytes with_options(const ZipOptions& options) {
  return zip(good_members(), options);
}

Bytes replaced(Bytes bytes, std::size_t at, std::string_view by) {
  return bytes.replace(at, by.size(), by);
}
/// The offset of the last end record.
std::size_t end_record(const Bytes& bytes) {
  return bytes.rfind(Bytes("PK\5\6", 4));
}

TEST(ZipHostile, EndRecord) {
  expect_faults({
      {"as torch writes it", with_options({.zip64 = true}), std::nullopt},
      {"without zip64", with_options({}), std::nullopt},
      {"local header only", Bytes("PK\3\4"), Fault::truncated},
      {"local header and noise", "PK\3\4" + Bytes(500, 'x'), Fault::truncated},
      {"empty archive", zip({}), Fault::unsupported_container},
      {"end record cut",
       [] {
         auto bytes = with_options({});
         bytes.pop_back();
         return bytes;
       }(),
       Fault::truncated},
      {"end record missing",
       [] {
         auto bytes = with_options({});
         return bytes.substr(0, end_record(bytes));
       }(),
       Fault::truncated},
      {"comment", with_options({.comment = "made by hand"}), std::nullopt},
      {"trailing bytes", with_options({.trailer = Bytes(100, 'x')}), std::nullopt},
      {"too many trailing bytes", with_options({.trailer = Bytes(70'000, 'x')}), Fault::truncated},
      {"second end record in the comment",
       [] {
         const Bytes hidden = zip({{"evil", "x"}});
         return with_options({.comment = hidden.substr(end_record(hidden))});
       }(),
       Fault::zip_polyglot},
      {"second archive behind the first", with_options({.trailer = zip({{"evil", "x"}})}), Fault::zip_polyglot},
      {"bytes before the archive", with_options({.prefix = "PK\3\4" + Bytes(60, 'x')}), Fault::zip_polyglot},
      {"bytes before the directory", with_options({.gap = "hidden"}), Fault::zip_polyglot},
      {"too few entries", with_options({.entries = 3}), Fault::bad_header},
      {"too many entries", with_options({.entries = 5}), Fault::truncated},
      {"no entries", with_options({.entries = 0}), Fault::bad_header},
      {"directory too early", with_options({.directory_offset = 10}), Fault::zip_polyglot},
      {"directory past the file", with_options({.directory_offset = 0x7FFFFFFF}), Fault::bad_header},
      {"directory too long", with_options({.directory_size = 0x7FFFFFFF}), Fault::bad_header},
      {"directory of no bytes", with_options({.directory_size = 0}), Fault::zip_polyglot},
      {"zip64 offset without its record", with_options({.directory_offset = 0xFFFFFFFF}), Fault::bad_header},
      {"zip64 size without its record", with_options({.directory_size = 0xFFFFFFFF}), Fault::bad_header},
      {"several volumes",
       [] {
         auto bytes = with_options({});
         return replaced(bytes, end_record(bytes) + 4, u16(1));
       }(),
       Fault::bad_header},
      {"zip64 with absurd entries", with_options({.entries = 0xFFFF, .zip64 = true, .zip64_entries = UINT64_MAX}),
       Fault::limit},
      {"zip64 entries that disagree", with_options({.zip64 = true, .zip64_entries = 7}), Fault::zip_mismatch},
      {"zip64 offset that disagrees", with_options({.zip64 = true, .zip64_offset = 7}), Fault::zip_mismatch},
      {"zip64 offset of 2^64 - 1",
       with_options({.directory_offset = 0xFFFFFFFF, .zip64 = true, .zip64_offset = UINT64_MAX}), Fault::overflow},
      {"zip64 offset of 2^62",
       with_options({.directory_offset = 0xFFFFFFFF, .zip64 = true, .zip64_offset = 1ull << 62}), Fault::bad_header},
      {"zip64 record past the file", with_options({.zip64 = true, .zip64_at = UINT64_MAX - 4}), Fault::bad_header},
      {"zip64 record at the wrong place", with_options({.zip64 = true, .zip64_at = 0}), Fault::bad_header},
  });
}

TEST(ZipHostile, Headers) {
  expect_faults({
      {"deflated storage",
       changed(kStorageMember,
               [](Member& member) {
                 member.unpacked = static_cast<std::uint32_t>(member.data.size());
                 member.data = deflate(member.data);
                 member.method = 8;
                 member.descriptor = false;
               }),
       Fault::zip_compressed},
      {"deflated pickle",
       changed(kPickleMember,
               [](Member& member) {
                 member.unpacked = static_cast<std::uint32_t>(member.data.size());
                 member.data = deflate(member.data);
                 member.method = 8;
                 member.descriptor = false;
               }),
       Fault::zip_compressed},
      {"bzip2", changed(kStorageMember, [](Member& member) { member.method = 12; }), Fault::zip_compressed},
      {"encrypted", changed(kStorageMember, [](Member& member) { member.flags |= 1; }), Fault::zip_encrypted},
      {"strongly encrypted", changed(kStorageMember, [](Member& member) { member.flags |= 1 << 6; }),
       Fault::zip_encrypted},
      {"names differ", changed(kStorageMember, [](Member& member) { member.central_name = "archive/data/1"; }),
       Fault::zip_mismatch},
      {"methods differ", changed(kStorageMember, [](Member& member) { member.method = 8, member.central_method = 0; }),
       Fault::zip_mismatch},
      {"flags differ", changed(kStorageMember, [](Member& member) { member.central_flags = 0; }), Fault::zip_mismatch},
      {"checksums differ",
       changed(kStorageMember, [](Member& member) { member.descriptor = false, member.central_crc = 1; }),
       Fault::zip_mismatch},
      {"sizes differ",
       changed(kStorageMember, [](Member& member) { member.descriptor = false, member.local_size = 7; }),
       Fault::zip_mismatch},
      {"stored with two sizes",
       changed(kStorageMember, [](Member& member) { member.descriptor = false, member.unpacked = 800; }),
       Fault::zip_mismatch},
      {"descriptor that disagrees",
       changed(kStorageMember, [](Member& member) { member.descriptor_bytes = "PK\7\x8" + u32(1) + u32(8) + u32(8); }),
       Fault::zip_mismatch},
      {"descriptor that is missing", changed(kStorageMember, [](Member& member) { member.descriptor_bytes = ""; }),
       Fault::zip_mismatch},
      {"descriptor of 64 bits",
       [] {
         return changed(kStorageMember, [](Member& member) {
           const Bytes plain = zip({{"x", member.data}});
           const Bytes crc = plain.substr(14, 4);
           member.descriptor_bytes = "PK\7\x8" + crc + u64(8) + u64(8);
         });
       }(),
       std::nullopt},
      {"no descriptors at all",
       [] {
         auto members = good_members();
         for (auto& member : members) member.descriptor = false;
         return zip(members);
       }(),
       std::nullopt},
      {"wrong checksum", changed(kStorageMember, [](Member& member) { member.crc = 0x12345678; }), Fault::checksum},
      {"wrong checksum of the pickle", changed(kPickleMember, [](Member& member) { member.crc = 0x12345678; }),
       Fault::checksum},
      {"checksum 0 is none", changed(kStorageMember, [](Member& member) { member.crc = 0; }), std::nullopt},
      {"past the directory",
       changed(kStorageMember,
               [](Member& member) {
                 member.descriptor = false, member.central_size = 1u << 30, member.local_size = 1u << 30;
               }),
       Fault::truncated},
      {"2^32 - 1 without zip64 sizes",
       changed(kStorageMember, [](Member& member) { member.central_size = 0xFFFFFFFF; }), Fault::bad_header},
      {"zip64 sizes of 2^63",
       changed(kStorageMember,
               [](Member& member) {
                 member.central_size = 0xFFFFFFFF;
                 member.central_extra = u16(1) + u16(16) + u64(1ull << 63) + u64(1ull << 63);
               }),
       Fault::truncated},
      {"zip64 sizes cut",
       changed(kStorageMember,
               [](Member& member) {
                 member.central_size = 0xFFFFFFFF;
                 member.central_extra = u16(1) + u16(4) + u32(8);
               }),
       Fault::truncated},
      {"zip64 sizes that fit",
       changed(kStorageMember,
               [](Member& member) {
                 member.central_size = 0xFFFFFFFF;
                 member.central_extra = u16(1) + u16(16) + u64(8) + u64(8);
               }),
       std::nullopt},
      {"padding as torch's",
       changed(kStorageMember, [](Member& member) { member.extra = "FB" + u16(10) + Bytes(10, 'Z'); }), std::nullopt},
      {"two entries, one member", changed(kStorageMember, [](Member& member) { member.offset = 0; }),
       Fault::zip_mismatch},
      {"offset behind the directory", changed(kStorageMember, [](Member& member) { member.offset = 0x7FFFFFFF; }),
       Fault::bad_header},
      {"offset into another member", changed(kStorageMember, [](Member& member) { member.offset = 5; }),
       Fault::bad_header},
  });
}

TEST(ZipHostile, OverlappingMembers) {
  // A member whose data contains another member whole: both headers are good, the bytes are shared.
  Member inner{"archive/data/1", "inner"};
  const Bytes inner_bytes = zip({inner});
  Member outer{"archive/data/0", inner_bytes.substr(0, 30 + inner.name.size() + inner.data.size())};
  inner.offset = static_cast<std::uint32_t>(30 + outer.name.size());
  auto archive = zip({outer, inner});
  EXPECT_EQ(show(fault_of(archive)), "zip_overlap");
}

TEST(ZipHostile, Names) {
  const auto extra = [](std::string name) { return with_member({name, "x"}); };
  expect_faults({
      {"absolute", extra("/etc/passwd"), Fault::bad_path},
      {"climbs", extra("../x"), Fault::bad_path},
      {"climbs inside", extra("archive/../../x"), Fault::bad_path},
      {"climbs at the end", extra("archive/.."), Fault::bad_path},
      {"drive", extra("C:/x"), Fault::bad_path},
      {"backslash", extra("archive\\x"), Fault::bad_path},
      {"NUL", extra(std::string("a\0b", 3)), Fault::bad_path},
      {"empty", extra(""), Fault::bad_path},
      {"65,535 bytes", extra(repeat("n", 65'535)), Fault::bad_path},
      {"1,024 bytes", extra(repeat("n", 1'024)), std::nullopt},
      {"two dots in a name", extra("archive/a..b"), std::nullopt},
      {"folder", with_member({"archive/extra/", ""}), std::nullopt},
      {"twice the same", extra("archive/data/0"), Fault::duplicate_name},
      {"two data.pkl", extra("archive/data.pkl"), Fault::duplicate_name},
      {"data.pkl under two roots", extra("other/data.pkl"), Fault::duplicate_name},
      {"storages under another root", zip({{"archive/data.pkl", good_pickle()}, {"other/data/0", floats({1, 2})}}),
       Fault::bad_storage},
      {"data.pkl without a root", zip({{"data.pkl", good_pickle()}, {"data/0", floats({1, 2})}}),
       Fault::missing_member},
      {"no data.pkl", zip({{"archive/version", "3\n"}}), Fault::missing_member},
      {"TorchScript constants", extra("archive/constants.pkl"), Fault::unsupported_container},
      {"TorchScript code", extra("archive/code/__torch__.py"), Fault::unsupported_container},
      {"root of several folders", zip({{"a/b/data.pkl", good_pickle()}, {"a/b/data/0", floats({1, 2})}}), std::nullopt},
  });
}

TEST(ZipHostile, ByteOrder) {
  const auto order = [](std::string text) { return changed(1, [&](Member& member) { member.data = text; }); };
  expect_faults({
      {"big", order("big"), Fault::byte_order},
      {"empty", order(""), Fault::byte_order},
      {"unknown", order("middle"), Fault::byte_order},
  });
}

TEST(ZipHostile, TwoHundredThousandAndOneMembers) {
  std::vector<Member> members;
  for (int i = 0; i <= 200'000; ++i) members.push_back({std::to_string(i), ""});
  const Bytes archive = zip(members, {.entries = 0xFFFF, .zip64 = true, .zip64_entries = members.size()});
  EXPECT_EQ(show(fault_of(archive)), "limit");
}

TEST(ZipHostile, Storages) {
  const auto storage_bytes = [](std::size_t size) {
    return changed(kStorageMember, [&](Member& member) { member.data.resize(size); });
  };
  expect_faults({
      {"one byte short", storage_bytes(7), Fault::size_mismatch},
      {"one byte long", storage_bytes(9), Fault::size_mismatch},
      {"no bytes", storage_bytes(0), Fault::size_mismatch},
  });
}

}  // namespace
}  // namespace vitral::weights::build
