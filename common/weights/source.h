/// What the readers of this folder share: the bytes of one file with its name and limits, and a cursor that never runs
/// over.
#pragma once

#include <cstring>
#include <set>
#include <string>

#include "common/core/checked.h"
#include "common/core/limits.h"
#include "common/weights/checkpoint.h"

namespace vitral::weights {

/// The bytes of one file. Errors name it.
struct Source {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  std::shared_ptr<const MappedFile> file;  ///< null where the bytes lie on the heap
  std::string name;
  const Limits& limits;

  [[noreturn]] void fail(Fault fault, std::string_view message, std::optional<std::uint64_t> offset = {}) const {
    throw FormatError(fault, name, message, offset);
  }
  std::string_view text(std::uint64_t offset, std::uint64_t count) const {
    return {reinterpret_cast<const char*>(bytes.data()) + offset, static_cast<std::size_t>(count)};
  }
};

/// A run of bytes and what keeps it alive: the file itself, or the heap.
struct Content {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  std::shared_ptr<const MappedFile> file;
};

/// Reads little-endian numbers from a range of a source; running over its end is Fault::truncated.
class Cursor {
 public:
  Cursor(const Source& source, std::uint64_t begin, std::uint64_t end) : source_(source), at_(begin), end_(end) {}
  explicit Cursor(const Source& source) : Cursor(source, 0, source.bytes.size()) {}

  std::uint64_t position() const { return at_; }
  std::uint64_t remaining() const { return end_ - at_; }

  std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
    if (count > remaining()) {
      source_.fail(Fault::truncated,
                   "cut short: " + std::string(what) + " needs " + std::to_string(count) + " bytes, " +
                       std::to_string(remaining()) + " are left",
                   at_);
    }
    const auto taken = source_.bytes.subspan(static_cast<std::size_t>(at_), static_cast<std::size_t>(count));
    at_ += count;
    return taken;
  }

  template <typename Number>
  Number number(std::string_view what) {
    Number value;  // every supported machine is little-endian, as the files are
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

 private:
  const Source& source_;
  std::uint64_t at_, end_;
};

/// Why `name` can't be a tensor's name, or nothing.
std::optional<std::string> name_problem(std::string_view name, const Limits& limits);

/// Adds tensors to a checkpoint that is being read: their names have to be good and unique, their number within limits.
class Collector {
 public:
  Collector(const Source& source, Checkpoint& checkpoint) : source_(source), checkpoint_(checkpoint) {}
  void add(std::string_view name, TensorRecord tensor);

 private:
  const Source& source_;
  Checkpoint& checkpoint_;
  std::set<std::string, std::less<>> seen_;
};

/// What the first bytes say the file is. Throws for formats that are known and not read, and for unknown ones.
enum class Format { safetensors, index, zip, torch_legacy };
Format sniff(const Source& source);

// The readers; each fills a checkpoint whose path and files are set by the caller.
void read_safetensors(const Source& source, Checkpoint& checkpoint);
/// A zip: `.pth` where it has a data.pkl, `.npz` where it has .npy members.
void read_zip(const Source& source, Checkpoint& checkpoint);
void read_torch_zip(const Source& source, const class ZipArchive& archive, Checkpoint& checkpoint);
void read_npz(const Source& source, class ZipArchive& archive, Checkpoint& checkpoint);
void read_torch_legacy(const Source& source, Checkpoint& checkpoint);
/// `checkpoint.path` names the index; the shards lie beside it.
void read_shards(const Source& index, Checkpoint& checkpoint);

}  // namespace vitral::weights
