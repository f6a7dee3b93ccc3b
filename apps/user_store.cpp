#include "apps/user_store.h"

#include <array>
#include <cstdlib>

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The weights that travel with the program: where $VITRAL_MODELS says, beside an installed program, in the source
/// tree.
fs::path bundled_folder() {
  if (const auto own = variable("VITRAL_MODELS"); !own.empty()) return own;
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& folder : std::array<fs::path, 2>{program / "../share/vitral/models", VITRAL_SOURCE_MODELS}) {
    if (fs::is_directory(folder, error)) return folder.lexically_normal();
  }
  return {};
}

}  // namespace

ModelStore user_store() {
  return ModelStore::of_user(variable, bundled_folder());
}

std::string sentence_model(const std::string& name) {
  std::error_code error;
  if (fs::exists(name, error) || name.find('/') != std::string::npos) return name;
  const auto bundled = bundled_folder() / (name + ".safetensors");
  return fs::is_regular_file(bundled, error) ? bundled.string() : name;
}

}  // namespace vitral::apps
