/// What torch.save wrote before 1.6: five pickles (magic number, protocol, system, object, storage keys), then the
/// storages.
#include <algorithm>

#include "common/core/text.h"
#include "common/weights/torch_tree.h"

namespace vitral::weights {
namespace {

constexpr std::int64_t kProtocol = 1001;

/// True where the pickled dict says {"little_endian": True} or nothing about it.
bool is_little_endian(const pickle::Tree& tree) {
  if (tree.kind(tree.root) != pickle::Kind::dict) return true;
  const auto items = tree.items(tree.root);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (tree.kind(items[i]) != pickle::Kind::text || tree.text(items[i]) != "little_endian") continue;
    return tree.kind(items[i + 1]) == pickle::Kind::boolean && tree.boolean(items[i + 1]);
  }
  return true;
}

/// The keys in the order in which the storages follow.
std::vector<std::string_view> read_keys(const Source& source, Cursor& cursor) {
  const std::uint64_t begin = cursor.position();
  const pickle::Tree tree = pickle::read(source, cursor, false);
  if (tree.kind(tree.root) != pickle::Kind::list)
    source.fail(Fault::bad_header, "the list of storages is no list", begin);
  std::vector<std::string_view> keys;
  for (const auto id : tree.items(tree.root)) {
    if (tree.kind(id) != pickle::Kind::text) source.fail(Fault::bad_header, "a storage's key is no string", begin);
    keys.push_back(tree.text(id));
  }
  return keys;
}

}  // namespace

void read_torch_legacy(const Source& source, Checkpoint& checkpoint) {
  checkpoint.container = Container::torch_legacy;
  Cursor cursor(source);
  pickle::read(source, cursor, false);  // the magic number, by which the file was recognised
  const pickle::Tree protocol = pickle::read(source, cursor, false);
  if (protocol.kind(protocol.root) != pickle::Kind::integer || protocol.integer(protocol.root) != kProtocol) {
    source.fail(Fault::bad_header, "a legacy torch file of another protocol than " + std::to_string(kProtocol));
  }
  const std::uint64_t system_begin = cursor.position();
  if (!is_little_endian(pickle::read(source, cursor, false)))
    source.fail(Fault::byte_order, "written on a big-endian machine", system_begin);
  const pickle::Tree tree = pickle::read(source, cursor, true);
  const auto keys = read_keys(source, cursor);

  std::vector<Content> storages(tree.storages.size());
  std::vector<bool> found(tree.storages.size(), false);
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < tree.storages.size(); ++i) index.emplace(tree.storages[i].key, i);
  for (const auto key : keys) {
    const auto entry = index.find(key);
    const std::string label = "storage '" + printable(key, 100) + "'";
    if (entry == index.end() || found[entry->second])
      source.fail(Fault::bad_storage, label + " is listed but not used, or twice", cursor.position());
    const auto& storage = tree.storages[entry->second];
    const std::uint64_t at = cursor.position();
    const auto count = cursor.number<std::uint64_t>("a storage's length");
    const auto bytes = checked_mul(count, bits(storage.dtype) / 8);
    if (count != storage.count || !bytes) {
      source.fail(
          Fault::size_mismatch,
          label + " has " + std::to_string(count) + " elements, " + std::to_string(storage.count) + " were announced",
          at);
    }
    storages[entry->second] = {cursor.take(*bytes, label), source.owner, source.file};
    found[entry->second] = true;
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i])
      source.fail(Fault::bad_storage, "storage '" + printable(tree.storages[i].key, 100) + "' is not in the file");
  }
  collect_state_dict(source, tree, storages, checkpoint);
}

}  // namespace vitral::weights
