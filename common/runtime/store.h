/// Where published checkpoints lie on this machine once they were fetched (`vitral models pull`).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/registry.h"

namespace vitral {

class ModelStore {
 public:
  /// Files lie under "<root>/models/<name>/". An empty root: a store without files.
  /// `bundled`: the folder of the weights that travel with the program, "<name>.safetensors" each.
  explicit ModelStore(std::filesystem::path root = {}, std::filesystem::path bundled = {})
      : root_(std::move(root)), bundled_(std::move(bundled)) {}

  /// The store of a user: $VITRAL_HOME, else $XDG_DATA_HOME/vitral, else $HOME/.local/share/vitral. `variable` gives
  /// the environment's value of a name, empty where it is not set.
  static ModelStore of_user(const std::function<std::string(const char* name)>& variable,
                            std::filesystem::path bundled = {});

  const std::filesystem::path& root() const { return root_; }
  /// Where the file of a published checkpoint belongs.
  std::filesystem::path path_of(const ModelEntry& entry, const Pretrained& published) const;
  /// The same where the file is there.
  std::optional<std::filesystem::path> find(const ModelEntry& entry, const Pretrained& published) const;
  /// The tags of `entry` whose files are there.
  std::vector<std::string> tags(const ModelEntry& entry) const;

 private:
  std::filesystem::path root_, bundled_;
};

/// The published file that a name stands for: its tag's, or of a plain name the entry's first that lies anywhere; null
/// where nothing was published.
const Pretrained* published_file(const ResolvedName& name);

/// The name that a published file has at its publisher.
std::string file_name(const Pretrained& published);

}  // namespace vitral
