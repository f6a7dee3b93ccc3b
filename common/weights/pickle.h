/// A pickle machine that builds a tree of data and calls nothing.
///
/// Python's machine imports and calls whatever a file names; this one has no way to. A class it does not know becomes
/// an inert record (its name, arguments and state), the handful of constructors that tensors need are rebuilt here, a
/// function it does not know is refused, and so is every name of Python's own library outside a short list of plain
/// data types. Protocols 2 to 5; the text opcodes of protocols 0 and 1, INST, OBJ and the extension registry are
/// refused.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "common/weights/source.h"

namespace vitral::weights::pickle {

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  big,
  real,
  text,
  bytes,
  list,
  tuple,
  dict,
  set,
  global,
  record,
  storage,
  tensor,
};

using Id = std::uint32_t;
inline constexpr Id kNothing = UINT32_MAX;

/// A name like `torch.FloatStorage`.
struct Global {
  std::string_view module, name;
  std::string full() const { return std::string(module) + "." + std::string(name); }
};

/// An instance of a class that is not known here.
struct Record {
  Id global = kNothing;     ///< its class
  Id arguments = kNothing;  ///< a tuple
  Id state = kNothing;      ///< what BUILD gave it
};

/// What a persistent id names: `count` elements of `dtype` kept outside of the pickle.
struct StorageName {
  Dtype dtype = Dtype::u8;
  std::string_view key;
  std::uint64_t count = 0;
};

/// A tensor before its storage is found. Already checked: the elements it reaches lie within the storage.
struct View {
  std::uint32_t storage = 0;  ///< index into Tree::storages
  Dtype dtype = Dtype::f32;
  std::uint64_t begin = 0, bytes = 0;  ///< in the storage
  std::vector<std::int64_t> shape, strides;
};

/// The values of one pickle, each a small node. Text points into the file. A value may have several parents, and a list
/// or dict may contain itself: walks over the tree have to bound themselves.
class Tree {
 public:
  explicit Tree(const Source& source) : source_(&source) {}

  std::size_t size() const { return nodes_.size(); }
  Kind kind(Id id) const { return nodes_[id].kind; }
  bool boolean(Id id) const { return nodes_[id].payload != 0; }
  std::int64_t integer(Id id) const { return static_cast<std::int64_t>(nodes_[id].payload); }
  double real(Id id) const;
  /// Of text, bytes and big (a little-endian two's complement number).
  std::string_view text(Id id) const { return source_->text(nodes_[id].payload, nodes_[id].count); }
  /// Of list, tuple, set; of dict and record keys and values by turns.
  std::span<const Id> items(Id id) const;
  const Global& global(Id id) const { return globals_[nodes_[id].payload]; }
  const Record& record(Id id) const { return records_[nodes_[id].payload]; }
  const View& view(Id id) const { return views[nodes_[id].payload]; }

  Id root = kNothing;
  std::vector<StorageName> storages;
  std::vector<View> views;

 private:
  friend class Machine;

  struct Node {
    Kind kind;
    std::uint16_t depth;    // 1 + the deepest value inside, as far as known
    std::uint32_t count;    // length of text
    std::uint64_t payload;  // the value, an offset in the file, or an index into the lists below
  };
  static constexpr std::uint64_t kEmpty = UINT64_MAX;

  const Source* source_;
  std::deque<Node> nodes_;
  std::deque<std::vector<Id>> items_;
  std::vector<std::uint64_t> record_items_;  // by record: index into items_, or kEmpty
  std::vector<Global> globals_;
  std::vector<Record> records_;
};

/// Reads one pickle from `cursor`, up to and with its STOP. `persistent`: storages may be named.
Tree read(const Source& source, Cursor& cursor, bool persistent);

}  // namespace vitral::weights::pickle
