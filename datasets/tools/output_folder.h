/// A folder that a data set is written into.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace vitral {

class DataFolderWriter {
 public:
  /// Makes the folder. Throws Error(usage) where it has something in it and `overwrite` is off, or is no folder.
  DataFolderWriter(std::filesystem::path path, bool overwrite);

  /// Writes a picture or label: at once, not durably. `name` is a path below the folder. Throws Error(failed).
  void write(const std::string& name, std::string_view bytes) const;
  /// Writes what makes the files a data set: atomically and durably.
  void finish(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path place(const std::string& name) const;

  std::filesystem::path path_;
  bool overwrite_;
};

}  // namespace vitral
