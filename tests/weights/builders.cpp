#include "tests/weights/builders.h"

#include <zlib.h>

#include <cstring>

namespace vitral::weights::build {

Bytes repeat(std::string_view text, std::size_t count) {
  Bytes out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

Bytes floats(std::initializer_list<float> values) {
  Bytes out;
  for (const float value : values) out += le(value);
  return out;
}

Bytes safetensors(std::string_view header, std::string_view data) {
  return u64(header.size()) + Bytes(header) + Bytes(data);
}

Bytes one_tensor(std::string_view dtype, std::string_view shape, std::string_view offsets, std::string_view data) {
  return safetensors(
      "{\"t\":{\"dtype\":" + Bytes(dtype) + ",\"shape\":" + Bytes(shape) + ",\"data_offsets\":" + Bytes(offsets) + "}}",
      data);
}

Op integer(std::int64_t value) {
  if (value >= 0 && value < 256) return Bytes("K") + static_cast<char>(value);
  if (value >= INT32_MIN && value <= INT32_MAX) return "J" + le(static_cast<std::int32_t>(value));
  return "\x8A\x08" + le(value);
}

Op text(std::string_view value) {
  return "X" + u32(static_cast<std::uint32_t>(value.size())) + Bytes(value);
}
Op boolean(bool value) {
  return value ? "\x88" : "\x89";
}
Op none() {
  return "N";
}
Op global(std::string_view module, std::string_view name) {
  return "c" + Bytes(module) + "\n" + Bytes(name) + "\n";
}

Op tuple(std::initializer_list<Op> items) {
  Op out = "(";
  for (const auto& item : items) out += item;
  return out + "t";
}

Op list(std::initializer_list<Op> items) {
  Op out = "](";
  for (const auto& item : items) out += item;
  return out + "e";
}

Op dict(std::initializer_list<std::pair<Op, Op>> items) {
  Op out = "}(";
  for (const auto& [key, value] : items) out += key + value;
  return out + "u";
}

Op ordered_dict(std::initializer_list<std::pair<Op, Op>> items) {
  Op out = reduce(global("collections", "OrderedDict"), ")") + "(";
  for (const auto& [key, value] : items) out += key + value;
  return out + "u";
}

Op reduce(const Op& callable, const Op& arguments) {
  return callable + arguments + "R";
}

Op object(const Op& type, const Op& state, const Op& arguments) {
  return type + arguments + "\x81" + (state.empty() ? "" : state + "b");
}

Op storage(std::string_view type, std::string_view key, std::int64_t count) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), integer(count)}) + "Q";
}

Op sizes(std::initializer_list<std::int64_t> values) {
  Op out = "(";
  for (const auto value : values) out += integer(value);
  return out + "t";
}

Op tensor(const Op& storage, std::int64_t offset, std::initializer_list<std::int64_t> shape,
          std::initializer_list<std::int64_t> strides) {
  return reduce(global("torch._utils", "_rebuild_tensor_v2"),
                tuple({storage, integer(offset), sizes(shape), sizes(strides), boolean(false),
                       reduce(global("collections", "OrderedDict"), ")")}));
}

Op pair_tensor() {
  return tensor(storage("FloatStorage", "0", 2), 0, {2}, {1});
}

Bytes pickle(const Op& value, int protocol) {
  return Bytes("\x80") + static_cast<char>(protocol) + value + ".";
}

Bytes deflate(std::string_view data) {
  z_stream stream = {};
  ::deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  Bytes out(::deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

namespace {

std::uint32_t crc_of(std::string_view data) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
}

/// Flags, method, time, checksum, sizes, lengths: the run that both headers share.
Bytes common(std::uint16_t flags, std::uint16_t method, std::uint32_t crc, std::uint32_t packed, std::uint32_t size,
             std::string_view name, std::string_view extra) {
  return u16(flags) + u16(method) + u32(0) + u32(crc) + u32(packed) + u32(size) +
         u16(static_cast<std::uint16_t>(name.size())) + u16(static_cast<std::uint16_t>(extra.size()));
}

struct Place {
  Bytes bytes;
  std::uint32_t offset;
};

Bytes local_entry(const Member& member, std::uint32_t crc, std::uint32_t size) {
  const std::uint32_t stated = member.local_size.value_or(size), unpacked = member.unpacked.value_or(stated);
  const std::uint16_t flags = member.flags | (member.descriptor ? 8 : 0);
  Bytes out = "PK\3\4" + u16(20);
  out += member.descriptor ? common(flags, member.method, 0, 0, 0, member.name, member.extra)
                           : common(flags, member.method, crc, stated, unpacked, member.name, member.extra);
  out += member.name + member.extra + member.data;
  if (member.descriptor) {
    out += member.descriptor_bytes.value_or("PK\7\x8" + u32(crc) + u32(stated) + u32(unpacked));
  }
  return out;
}

Bytes central_entry(const Member& member, std::uint32_t crc, std::uint32_t size, std::uint32_t offset) {
  const std::string name = member.central_name.value_or(member.name);
  const std::uint32_t stated = member.central_size.value_or(size);
  const std::uint16_t flags = member.central_flags.value_or(member.flags | (member.descriptor ? 8 : 0));
  return "PK\1\2" + u16(20) + u16(20) +
         common(flags, member.central_method.value_or(member.method), member.central_crc.value_or(crc), stated,
                member.unpacked.value_or(stated), name, member.central_extra) +
         u16(0) + u16(0) + u16(0) + u32(0) + u32(member.offset.value_or(offset)) + name + member.central_extra;
}

Bytes zip64_end(const ZipOptions& options, std::uint64_t entries, std::uint64_t size, std::uint64_t offset,
                std::uint64_t at) {
  const std::uint64_t count = options.zip64_entries.value_or(entries);
  return "PK\6\6" + u64(44) + u16(30) + u16(45) + u32(0) + u32(0) + u64(count) + u64(count) + u64(size) +
         u64(options.zip64_offset.value_or(offset)) + "PK\6\7" + u32(0) + u64(options.zip64_at.value_or(at)) + u32(1);
}

}  // namespace

Bytes zip(const std::vector<Member>& members, const ZipOptions& options) {
  Bytes out = options.prefix, directory;
  for (const auto& member : members) {
    const auto size = static_cast<std::uint32_t>(member.data.size());
    const std::uint32_t crc = member.crc.value_or(crc_of(member.data));
    directory += central_entry(member, crc, size, static_cast<std::uint32_t>(out.size()));
    out += local_entry(member, crc, size);
  }
  out += options.gap;
  const auto offset = static_cast<std::uint32_t>(out.size()), size = static_cast<std::uint32_t>(directory.size());
  out += directory;
  const auto count = static_cast<std::uint16_t>(members.size());
  if (options.zip64) out += zip64_end(options, count, size, offset, out.size());
  const std::uint16_t entries = options.entries.value_or(count);
  return out + "PK\5\6" + u16(0) + u16(0) + u16(entries) + u16(entries) + u32(options.directory_size.value_or(size)) +
         u32(options.directory_offset.value_or(offset)) + u16(static_cast<std::uint16_t>(options.comment.size())) +
         options.comment + options.trailer;
}

std::vector<Member> torch_members(const Bytes& pickle, const Storages& storages) {
  std::vector<Member> members{{"archive/data.pkl", pickle}, {"archive/byteorder", "little"}};
  for (const auto& [key, data] : storages) members.push_back({"archive/data/" + key, data});
  members.push_back({"archive/version", "3\n"});
  for (auto& member : members) {
    member.flags = 1 << 11;
    member.descriptor = true;
  }
  return members;
}

Bytes torch_zip(const Op& value, const Storages& storages, int protocol) {
  return zip(torch_members(pickle(value, protocol), storages), {.zip64 = true});
}

Bytes torch_legacy(const Op& value, const Storages& storages, std::size_t item, int protocol) {
  const Op magic = "\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19";
  Op keys = "](", data;
  for (const auto& [key, bytes] : storages) {
    keys += text(key);
    data += u64(bytes.size() / item) + bytes;
  }
  const Op system = dict({{text("protocol_version"), integer(1001)}, {text("little_endian"), boolean(true)}});
  return pickle(magic, protocol) + pickle(integer(1001), protocol) + pickle(system, protocol) +
         pickle(value, protocol) + pickle(keys + "e", protocol) + data;
}

Storages pair_storage() {
  return {{"0", floats({1.5f, -2.0f})}};
}

Bytes npy(std::string_view header, std::string_view data, int major) {
  Bytes text(header);
  const std::size_t fixed = major == 1 ? 10 : 12;
  text.resize((text.size() + fixed + 1 + 63) / 64 * 64 - fixed - 1, ' ');
  text += '\n';
  const Bytes length =
      major == 1 ? u16(static_cast<std::uint16_t>(text.size())) : u32(static_cast<std::uint32_t>(text.size()));
  return "\x93NUMPY" + Bytes(1, static_cast<char>(major)) + Bytes(1, '\0') + length + text + Bytes(data);
}

Bytes npz(const std::vector<std::pair<std::string, Bytes>>& arrays) {
  std::vector<Member> members;
  for (const auto& [name, data] : arrays) members.push_back({name + ".npy", data});
  return zip(members);
}

Checkpoint open_copy(std::string_view bytes, const Limits& limits) {
  auto copy = std::make_shared<std::vector<char>>(bytes.size() + 1);
  std::memcpy(copy->data() + 1, bytes.data(), bytes.size());
  return open_bytes(std::as_bytes(std::span(*copy)).subspan(1), copy, "test file", limits);
}

std::uint64_t touch(const Checkpoint& checkpoint) {
  std::uint64_t sum = 0;
  std::vector<std::byte> scratch;
  for (const auto& named : checkpoint.tensors) {
    for (const std::byte byte : contiguous_bytes(named.tensor, scratch)) sum += static_cast<std::uint64_t>(byte);
  }
  return sum;
}

std::optional<Fault> fault_of(std::string_view bytes, const Limits& limits) {
  try {
    touch(open_copy(bytes, limits));
    return std::nullopt;
  } catch (const FormatError& error) {
    return error.fault();
  }
}

}  // namespace vitral::weights::build
