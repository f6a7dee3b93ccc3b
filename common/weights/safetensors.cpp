/// safetensors: a length, a JSON header, the data. Nothing may overlap, nothing may be left over.
#include <algorithm>

#include "common/core/json.h"
#include "common/core/text.h"
#include "common/weights/source.h"

namespace vitral::weights {
namespace {

struct Entry {
  std::string name;
  std::optional<Dtype> dtype;
  std::optional<std::vector<std::int64_t>> shape;
  std::uint64_t begin = 0, end = 0;    // of its bytes, from the end of the header
  std::optional<std::size_t> offsets;  // how many of the two were read
};

/// Takes the header value by value and refuses at the first that is out of place, so a header costs no tree.
class HeaderReader final : public JsonVisitor {
 public:
  HeaderReader(const Source& source, Checkpoint& checkpoint) : source_(source), checkpoint_(checkpoint) {}
  std::vector<Entry> entries;

  void begin_object() override {
    if (place_ == Place::start)
      place_ = Place::names;
    else if (place_ == Place::name)
      begin_entry();
    else
      misplaced("an object");
  }
  void end_object() override {
    if (place_ == Place::entry) finish_entry();
    place_ = place_ == Place::names ? Place::done : Place::names;
  }
  void key(std::string& name) override {
    if (place_ == Place::names)
      begin_name(name);
    else if (place_ == Place::metadata)
      begin_note(name);
    else
      begin_field(name);
  }
  void string(std::string& value) override {
    if (place_ == Place::note) {
      checkpoint_.metadata[note_] = std::move(value);
      place_ = Place::metadata;
    } else if (place_ == Place::dtype) {
      entries.back().dtype = dtype_from_string(value);
      if (!entries.back().dtype) fail(Fault::bad_dtype, "has the unknown type '" + printable(value, 50) + "'");
      place_ = Place::entry;
    } else {
      misplaced("a string");
    }
  }
  void begin_array() override {
    if (in_array_ || (place_ != Place::shape && place_ != Place::offsets)) misplaced("an array");
    if (place_ == Place::shape)
      entries.back().shape.emplace();
    else
      entries.back().offsets = 0;
    in_array_ = true;
  }
  void end_array() override {
    in_array_ = false;
    place_ = Place::entry;
  }
  void unsigned_integer(std::uint64_t value) override {
    if (!in_array_) return misplaced("a number");
    Entry& entry = entries.back();
    if (place_ == Place::offsets) {
      if (*entry.offsets == 2) fail(Fault::bad_offsets, "has more than two offsets");
      ((*entry.offsets)++ == 0 ? entry.begin : entry.end) = value;
    } else {
      if (value > INT64_MAX) fail(Fault::bad_shape, "has a size past 63 bits");
      if (entry.shape->size() == source_.limits.rank)
        fail(Fault::limit, "has more than " + std::to_string(source_.limits.rank) + " dimensions");
      entry.shape->push_back(static_cast<std::int64_t>(value));
    }
  }
  void integer(std::int64_t) override { misplaced("a negative number"); }
  void real(double) override { misplaced("a number that is not whole or not in 64 bits"); }
  void boolean(bool) override { misplaced("a boolean"); }
  void null() override { misplaced("null"); }

 private:
  enum class Place { start, names, name, metadata, note, entry, dtype, shape, offsets, done };

  [[noreturn]] void fail(Fault fault, std::string_view what) const {
    const std::string subject =
        entries.empty() ? "the header " : "tensor '" + printable(entries.back().name, 100) + "' ";
    source_.fail(fault, subject + std::string(what), 8 + position);
  }
  [[noreturn]] void misplaced(std::string_view what) const {
    const Fault fault = place_ == Place::dtype     ? Fault::bad_dtype
                        : place_ == Place::shape   ? Fault::bad_shape
                        : place_ == Place::offsets ? Fault::bad_offsets
                                                   : Fault::bad_header;
    fail(fault, "has " + std::string(what) + " out of place");
  }

  void begin_name(std::string& name) {
    is_metadata_ = name == "__metadata__";
    place_ = Place::name;
    if (is_metadata_) {
      if (had_metadata_) fail(Fault::duplicate_name, "has __metadata__ twice");
      had_metadata_ = true;
      return;
    }
    if (entries.size() == source_.limits.tensors)
      fail(Fault::limit, "is the last of more than " + std::to_string(source_.limits.tensors));
    entries.emplace_back().name = std::move(name);
  }
  void begin_entry() { place_ = is_metadata_ ? Place::metadata : Place::entry; }
  void begin_note(std::string& name) {
    if (checkpoint_.metadata.size() == source_.limits.tensors) fail(Fault::limit, "has too many notes in __metadata__");
    if (!checkpoint_.metadata.emplace(name, "").second)
      fail(Fault::duplicate_name, "has the note '" + printable(name, 100) + "' twice");
    note_ = std::move(name);
    place_ = Place::note;
  }
  void begin_field(std::string_view name) {
    const Entry& entry = entries.back();
    const auto once = [&](bool known, Place place) {
      if (known) fail(Fault::duplicate_name, "has '" + std::string(name) + "' twice");
      place_ = place;
    };
    if (name == "dtype")
      once(entry.dtype.has_value(), Place::dtype);
    else if (name == "shape")
      once(entry.shape.has_value(), Place::shape);
    else if (name == "data_offsets")
      once(entry.offsets.has_value(), Place::offsets);
    else
      fail(Fault::bad_header, "has the unknown field '" + printable(name, 50) + "'");
  }
  void finish_entry() const {
    const Entry& entry = entries.back();
    if (!entry.dtype) fail(Fault::bad_dtype, "has no dtype");
    if (!entry.shape) fail(Fault::bad_shape, "has no shape");
    if (entry.offsets != std::size_t{2}) fail(Fault::bad_offsets, "has no two data_offsets");
  }

  const Source& source_;
  Checkpoint& checkpoint_;
  Place place_ = Place::start;
  bool in_array_ = false, is_metadata_ = false, had_metadata_ = false;
  std::string note_;
};

/// The longest string in a header: the JSON lexer holds several copies of the one it reads.
constexpr std::size_t kLongestString = 4u << 20;

bool is_escaped(std::string_view json, std::size_t quote) {
  std::size_t backslashes = 0;
  while (backslashes < quote && json[quote - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 != 0;
}

/// Where a string of more than kLongestString bytes begins, or nothing.
std::optional<std::size_t> find_long_string(std::string_view json) {
  if (json.size() <= kLongestString) return std::nullopt;
  for (std::size_t open = json.find('"'); open != std::string_view::npos; open = json.find('"', open)) {
    std::size_t close = json.find('"', open + 1);
    while (close != std::string_view::npos && is_escaped(json, close)) close = json.find('"', close + 1);
    if (std::min(close, json.size()) - open > kLongestString) return open;
    if (close == std::string_view::npos) break;
    open = close + 1;
  }
  return std::nullopt;
}

std::vector<Entry> read_header(const Source& source, std::uint64_t length, Checkpoint& checkpoint) {
  if (const auto at = find_long_string(source.text(8, length))) {
    source.fail(Fault::limit, "the header has a string of more than " + std::to_string(kLongestString) + " bytes",
                8 + *at);
  }
  HeaderReader reader(source, checkpoint);
  try {
    visit_json(source.text(8, length), reader, ErrorKind::weights, source.name, source.limits);
  } catch (const JsonError& error) {
    const std::string_view message = std::string_view(error.what()).substr(error.subject().size());
    source.fail(error.over_limit() ? Fault::limit : Fault::bad_json, "the header is no JSON" + std::string(message),
                8 + error.position());
  }
  return std::move(reader.entries);
}

/// The bytes that dtype and shape make, with every product checked.
std::uint64_t expected_size(const Source& source, const Entry& entry) {
  const std::string label = "tensor '" + printable(entry.name, 100) + "' ";
  const auto numel = checked_numel(*entry.shape);
  const auto size_bits = numel ? checked_mul(*numel, bits(*entry.dtype)) : std::nullopt;
  if (!size_bits)
    source.fail(Fault::overflow, label + "of shape " + describe_shape(*entry.shape) + " does not fit 64 bits");
  if (*size_bits % 8 != 0) source.fail(Fault::bad_shape, label + "ends inside a byte");
  return *size_bits / 8;
}

}  // namespace

void read_safetensors(const Source& source, Checkpoint& checkpoint) {
  checkpoint.container = Container::safetensors;
  Cursor cursor(source);
  const auto length = cursor.number<std::uint64_t>("the header's length");
  if (length > source.limits.header_bytes) {
    source.fail(
        Fault::limit,
        "a header of " + std::to_string(length) + " bytes, the limit is " + std::to_string(source.limits.header_bytes),
        0);
  }
  cursor.take(length, "the header");
  auto entries = read_header(source, length, checkpoint);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });

  const std::uint64_t data = cursor.position();
  Collector collector(source, checkpoint);
  for (auto& entry : entries) {
    const std::uint64_t begin = entry.begin, end = entry.end, expected = cursor.position() - data;
    const std::string label = "tensor '" + printable(entry.name, 100) + "' ";
    if (end < begin) source.fail(Fault::bad_offsets, label + "ends before it begins");
    if (begin != expected) {
      source.fail(Fault::bad_offsets, label + "begins at " + std::to_string(begin) + " of the data, expected " +
                                          std::to_string(expected) + (begin < expected ? " (overlap)" : " (hole)"));
    }
    if (const std::uint64_t size = expected_size(source, entry); size != end - begin) {
      source.fail(Fault::size_mismatch, label + "has " + std::to_string(end - begin) +
                                            " bytes, its shape and type make " + std::to_string(size));
    }
    const auto bytes = cursor.take(end - begin, label);
    collector.add(entry.name, dense_record(*entry.dtype, std::move(*entry.shape), bytes, source.owner, source.file));
  }
  if (cursor.remaining() > 0) {
    source.fail(Fault::trailing_bytes, std::to_string(cursor.remaining()) + " bytes behind the last tensor",
                cursor.position());
  }
}

}  // namespace vitral::weights
