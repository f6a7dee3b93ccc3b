#include "common/runtime/store.h"

namespace vitral {

std::string file_name(const Pretrained& published) {
  return published.file.empty() ? published.url.substr(published.url.rfind('/') + 1) : published.file;
}

ModelStore ModelStore::of_user(const std::function<std::string(const char* name)>& variable,
                               std::filesystem::path bundled) {
  if (const auto own = variable("VITRAL_HOME"); !own.empty()) return ModelStore(own, bundled);
  // The XDG specification: relative paths are to be ignored.
  if (const auto data = variable("XDG_DATA_HOME"); data.starts_with('/')) {
    return ModelStore(std::filesystem::path(data) / "vitral", bundled);
  }
  if (const auto home = variable("HOME"); !home.empty()) {
    return ModelStore(std::filesystem::path(home) / ".local/share/vitral", bundled);
  }
  return ModelStore({}, bundled);
}

std::filesystem::path ModelStore::path_of(const ModelEntry& entry, const Pretrained& published) const {
  if (entry.bundled) return bundled_ / published.file;
  const auto folder = root_ / "models" / entry.name;
  // On the hub all files have one name. Elsewhere two tags may stand for one file, which is fetched once.
  return published.file.empty() || published.origin == "hf" ? folder / published.tag / file_name(published)
                                                            : folder / published.file;
}

std::optional<std::filesystem::path> ModelStore::find(const ModelEntry& entry, const Pretrained& published) const {
  if (entry.bundled ? bundled_.empty() : root_.empty() || published.url.empty()) return std::nullopt;
  auto path = path_of(entry, published);
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) ? std::optional(std::move(path)) : std::nullopt;
}

std::vector<std::string> ModelStore::tags(const ModelEntry& entry) const {
  std::vector<std::string> result;
  for (const auto& published : entry.pretrained) {
    if (find(entry, published)) result.push_back(published.tag);
  }
  return result;
}

const Pretrained* published_file(const ResolvedName& name) {
  const auto lies_anywhere = [&](const Pretrained& each) { return name.entry->bundled || !each.url.empty(); };
  if (name.pretrained != nullptr) return lies_anywhere(*name.pretrained) ? name.pretrained : nullptr;
  for (const auto& published : name.entry->pretrained) {
    if (lies_anywhere(published)) return &published;
  }
  return nullptr;
}

}  // namespace vitral
