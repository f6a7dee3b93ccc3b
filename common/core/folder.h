/// A folder that names out of files are looked up in, and that no name leads out of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/core/error.h"

namespace vitral {

/// Holds the folder's descriptor: what is read lies beneath that folder, whatever is renamed meanwhile. One object may
/// serve many threads.
class Folder {
 public:
  /// Throws Error(input) where `path` is no folder that can be opened.
  explicit Folder(std::filesystem::path path);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// The bytes of the regular file `name`, which is relative, holds no ".." and passes no symbolic link that leads
  /// outside (none at all where the kernel can't tell, before Linux 5.6). Throws Error(input) otherwise, and for what
  /// is missing, no regular file, or larger than `max_bytes`.
  std::string read(const std::string& name, std::uint64_t max_bytes) const;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

/// Throws Error(input) where `name` is empty, absolute, climbs by ".." or holds a NUL byte: no name beneath a folder.
void check_beneath(const std::string& name);

}  // namespace vitral
