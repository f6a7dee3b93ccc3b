/// numpy's .npz: a zip of .npy members, each a small header and raw elements.
#include <algorithm>
#include <charconv>
#include <numeric>

#include "common/core/text.h"
#include "common/weights/zip.h"

namespace vitral::weights {
namespace {

struct NpyHeader {
  Dtype dtype = Dtype::f32;
  bool fortran = false;
  std::vector<std::int64_t> shape;
};

/// "<f4" without its byte order. |V2 is how numpy stores the bfloat16 of JAX.
constexpr std::pair<std::string_view, Dtype> kTypes[] = {
    {"f8", Dtype::f64}, {"f4", Dtype::f32},     {"f2", Dtype::f16}, {"i8", Dtype::i64},  {"i4", Dtype::i32},
    {"i2", Dtype::i16}, {"i1", Dtype::i8},      {"u8", Dtype::u64}, {"u4", Dtype::u32},  {"u2", Dtype::u16},
    {"u1", Dtype::u8},  {"b1", Dtype::boolean}, {"c8", Dtype::c64}, {"V2", Dtype::bf16},
};

/// Reads the Python dict literal {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }: these keys, in any order.
class NpyHeaderParser {
 public:
  NpyHeaderParser(const Source& source, std::string_view text, std::string_view label)
      : source_(source), rest_(text), label_(label) {}

  NpyHeader parse() {
    NpyHeader header;
    bool descr = false, order = false, shape = false;
    expect("{");
    while (!accept("}")) {
      const std::string_view key = quoted();
      expect(":");
      if (key == "descr" && !descr)
        descr = true, header.dtype = parse_dtype();
      else if (key == "fortran_order" && !order)
        order = true, header.fortran = parse_bool();
      else if (key == "shape" && !shape)
        shape = true, header.shape = parse_shape();
      else
        fail(Fault::bad_header, "key '" + printable(key, 50) + "' is unknown or repeated");
      if (!accept(",") && !peek("}")) fail(Fault::bad_header, "is no dict");
    }
    skip_space();
    if (!rest_.empty() || !(descr && order && shape)) fail(Fault::bad_header, "is incomplete");
    return header;
  }

 private:
  [[noreturn]] void fail(Fault fault, std::string_view why) const {
    source_.fail(fault, std::string(label_) + ": its .npy header " + std::string(why));
  }
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  bool peek(std::string_view token) { return skip_space(), rest_.starts_with(token); }
  bool accept(std::string_view token) {
    if (!peek(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(Fault::bad_header, "lacks '" + std::string(token) + "'");
  }

  std::string_view quoted() {
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_[0];
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail(Fault::bad_header, "lacks a string");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool parse_bool() {
    if (accept("True")) return true;
    expect("False");
    return false;
  }

  Dtype parse_dtype() {
    if (peek("[")) fail(Fault::bad_dtype, "has a structured type");
    const std::string_view descr = quoted();
    const std::string_view type = descr.substr(std::min<std::size_t>(1, descr.size()));
    if (type.starts_with("O")) fail(Fault::bad_dtype, "holds Python objects, which are not read");
    for (const auto& [name, dtype] : kTypes) {
      if (type != name) continue;
      if (descr[0] == '>' && bits(dtype) > 8) fail(Fault::byte_order, "says big-endian");
      if (descr[0] == '<' || descr[0] == '=' || descr[0] == '|') return dtype;
    }
    fail(Fault::bad_dtype, "has the type '" + printable(descr, 50) + "', which is not read");
  }

  std::vector<std::int64_t> parse_shape() {
    std::vector<std::int64_t> shape;
    expect("(");
    while (!accept(")")) {
      skip_space();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc() || size < 0) fail(Fault::bad_shape, "has a shape that is no tuple of sizes");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      accept("L");  // Python 2's long
      shape.push_back(size);
      if (shape.size() > source_.limits.rank)
        fail(Fault::limit, "has more than " + std::to_string(source_.limits.rank) + " dimensions");
      if (!accept(",") && !peek(")")) fail(Fault::bad_shape, "has a shape that is no tuple of sizes");
    }
    return shape;
  }

  const Source& source_;
  std::string_view rest_, label_;
};

std::vector<std::int64_t> fortran_strides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::exclusive_scan(shape.begin(), shape.end(), strides.begin(), std::int64_t{1},
                      [](std::int64_t a, std::int64_t b) { return a * std::max<std::int64_t>(b, 1); });
  return strides;
}

TensorRecord read_npy(const Source& archive, const Content& content, const std::string& label) {
  static constexpr std::string_view kMagic("\x93NUMPY", 6);
  const Source npy{content.bytes, content.owner, content.file, archive.name, archive.limits};
  Cursor cursor(npy);
  const auto magic = npy.text(0, cursor.take(8, label + " (.npy)").size());
  const unsigned major = static_cast<unsigned char>(magic[6]), minor = static_cast<unsigned char>(magic[7]);
  if (!magic.starts_with(kMagic) || major < 1 || major > 3 || minor != 0)
    archive.fail(Fault::bad_header, label + " is no .npy array");
  const std::uint64_t length = major == 1 ? cursor.number<std::uint16_t>(label) : cursor.number<std::uint32_t>(label);
  const std::uint64_t begin = cursor.position();
  cursor.take(length, label + " (.npy header)");
  NpyHeader header = NpyHeaderParser(archive, npy.text(begin, length), label).parse();

  const auto numel = checked_numel(header.shape);
  const auto size = numel ? checked_mul(*numel, bits(header.dtype) / 8) : std::nullopt;
  if (!size) archive.fail(Fault::overflow, label + " has a shape whose size does not fit 64 bits");
  if (*size != cursor.remaining()) {
    archive.fail(Fault::size_mismatch, label + " has " + std::to_string(cursor.remaining()) + " bytes for the shape " +
                                           describe_shape(header.shape));
  }
  const auto bytes = cursor.take(*size, label);
  TensorRecord record = dense_record(header.dtype, std::move(header.shape), bytes, content.owner, content.file);
  if (header.fortran) record.strides = fortran_strides(record.shape);
  return record;
}

/// Flax checkpoints keep the weights beside the optimiser: only what lies under the first of these is taken.
void unwrap_folders(Checkpoint& checkpoint) {
  for (const std::string_view folder : {"opt/target/", "params/"}) {
    const auto inside = [&](const NamedTensor& named) {
      return named.name.starts_with(folder) && named.name.size() > folder.size();
    };
    if (std::none_of(checkpoint.tensors.begin(), checkpoint.tensors.end(), inside)) continue;
    const auto rest = std::stable_partition(checkpoint.tensors.begin(), checkpoint.tensors.end(), inside);
    for (auto it = rest; it != checkpoint.tensors.end(); ++it) checkpoint.ignored.push_back(it->name);
    checkpoint.tensors.erase(rest, checkpoint.tensors.end());
    for (auto& named : checkpoint.tensors) named.name.erase(0, folder.size());
    checkpoint.unwrapped.emplace_back(folder.substr(0, folder.size() - 1));
  }
}

}  // namespace

void read_npz(const Source& source, ZipArchive& archive, Checkpoint& checkpoint) {
  static constexpr std::string_view kSuffix = ".npy";
  checkpoint.container = Container::npz;
  Collector collector(source, checkpoint);
  for (const auto& member : archive.members()) {
    if (!member.name.ends_with(kSuffix)) continue;
    const std::string name = member.name.substr(0, member.name.size() - kSuffix.size());
    collector.add(name, read_npy(source, archive.unpacked(member), "array '" + printable(name, 100) + "'"));
  }
  unwrap_folders(checkpoint);
}

}  // namespace vitral::weights
