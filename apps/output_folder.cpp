#include "apps/output_folder.h"

#include <set>
#include <system_error>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::apps {

void claim_folder(const std::filesystem::path& folder, const std::vector<std::string>& files, bool overwrite) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder)) {
    throw Error(ErrorKind::usage, printable(folder.string()),
                "can't be made a folder" + (error ? ": " + error.message() : ""));
  }
  for (const auto& file : files) {
    const auto path = folder / file;
    if (!overwrite && std::filesystem::exists(path)) {
      throw Error(ErrorKind::usage, printable(path.string()), "exists; -y overwrites it");
    }
  }
}

std::vector<std::string> unique_stems(const std::vector<std::filesystem::path>& paths) {
  std::set<std::string> taken;
  std::vector<std::string> stems;
  for (const auto& path : paths) {
    const std::string stem = path.empty() ? "stdin" : path.stem().string();
    std::string name = stem;
    for (int i = 2; !taken.insert(name).second; ++i) name = stem + "_" + std::to_string(i);
    stems.push_back(std::move(name));
  }
  return stems;
}

}  // namespace vitral::apps
