/// The zip that torch.save writes since 1.6: <root>/data.pkl, one member a storage in <root>/data/, beside them small
/// notes.
#include <optional>

#include "common/core/parallel.h"
#include "common/core/text.h"
#include "common/weights/torch_tree.h"
#include "common/weights/zip.h"

namespace vitral::weights {
namespace {

constexpr std::string_view kPickle = "/data.pkl";
constexpr std::size_t kWorthThreads = 8u << 20;

/// "<root>" of the only "<root>/data.pkl".
std::string find_root(const Source& source, const ZipArchive& archive) {
  std::optional<std::string> root;
  for (const auto& member : archive.members()) {
    if (!member.name.ends_with(kPickle)) continue;
    if (root)
      source.fail(Fault::duplicate_name,
                  "two data.pkl: '" + printable(*root, 100) + "' and '" + printable(member.name, 100) + "'");
    root = member.name.substr(0, member.name.size() - kPickle.size());
  }
  if (!root) source.fail(Fault::missing_member, "a zip archive without <name>/data.pkl");
  for (const auto* mark : {"/constants.pkl", "/code/"}) {
    for (const auto& member : archive.members()) {
      if (member.name.starts_with(*root + mark)) {
        source.fail(Fault::unsupported_container, "a TorchScript archive; save the state_dict() instead");
      }
    }
  }
  return *root;
}

void check_byte_order(const Source& source, const ZipArchive& archive, const std::string& root) {
  const ZipMember* member = archive.find(root + "/byteorder");
  if (member == nullptr) return;
  const auto bytes = archive.stored(*member).bytes;
  const std::string_view order(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (order != "little")
    source.fail(Fault::byte_order, "byte order '" + printable(order, 20) + "', expected 'little'", member->header);
}

/// The member that holds `storage`, its size checked.
const ZipMember* find_storage(const Source& source, const ZipArchive& archive, const std::string& root,
                              const pickle::StorageName& storage) {
  const std::string key = printable(storage.key, 100);
  const bool plain = !storage.key.empty() && storage.key.find_first_of("/\\") == std::string_view::npos;
  const ZipMember* member = plain ? archive.find(root + "/data/" + std::string(storage.key)) : nullptr;
  if (member == nullptr) source.fail(Fault::bad_storage, "storage '" + key + "' is not in the archive");
  const auto bytes = checked_mul(storage.count, bits(storage.dtype) / 8);
  if (!bytes || *bytes != member->size) {
    source.fail(Fault::size_mismatch,
                "storage '" + key + "' has " + std::to_string(member->size) + " bytes for " +
                    std::to_string(storage.count) + " elements of " + std::string(to_string(storage.dtype)),
                member->header);
  }
  return member;
}

}  // namespace

void read_torch_zip(const Source& source, const ZipArchive& archive, Checkpoint& checkpoint) {
  checkpoint.container = Container::torch_zip;
  const std::string root = find_root(source, archive);
  check_byte_order(source, archive, root);
  const Content pickle = archive.stored(*archive.find(root + std::string(kPickle)));
  const auto begin = static_cast<std::uint64_t>(pickle.bytes.data() - source.bytes.data());
  Cursor cursor(source, begin, begin + pickle.bytes.size());
  const pickle::Tree tree = pickle::read(source, cursor, true);

  std::vector<const ZipMember*> members;
  for (const auto& storage : tree.storages) members.push_back(find_storage(source, archive, root, storage));
  // Checking a CRC reads every byte: large files are worth threads.
  const int threads = source.bytes.size() > kWorthThreads ? 0 : 1;
  std::vector<Content> storages(members.size());
  parallel_for(members.size(), threads, [&](std::size_t i) { storages[i] = archive.stored(*members[i]); });
  collect_state_dict(source, tree, storages, checkpoint);
}

}  // namespace vitral::weights
