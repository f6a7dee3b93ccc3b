/// Files: read-only maps that survive being cut short, and outputs that appear whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/core/error.h"

namespace vitral {

/// A regular file, mapped read-only. FIFOs, devices, sockets and folders are refused without blocking.
///
/// A file that another process cuts short while it is mapped would end a naive reader with SIGBUS. Here the missing pages
/// read as zeros and `check()` throws: call it after the bytes were used and before the result is trusted.
class MappedFile {
 public:
  /// Opens and maps `path`. Throws Error(kind) where it is missing, unreadable, no regular file, or larger than `max_bytes`.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path, ErrorKind kind, std::uint64_t max_bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  /// Throws where the file became shorter than it was when it was opened.
  void check() const;
  /// Tells the kernel that the pages of `range` need not stay in memory; reading them again fetches them again.
  void release(std::span<const std::byte> range) const;

 private:
  MappedFile() = default;
  std::string path_;
  ErrorKind kind_ = ErrorKind::failed;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int fd_ = -1;
  int slot_ = -1;
};

/// Reads a whole regular file. Throws as MappedFile::open does.
std::string read_file(const std::filesystem::path& path, ErrorKind kind, std::uint64_t max_bytes);

/// The same of a descriptor that was just opened, without blocking, and is closed here; `name` is for messages.
std::string read_descriptor(int fd, const std::string& name, ErrorKind kind, std::uint64_t max_bytes);

/// An output file under a temporary name in the same folder; `commit` makes it durable (fsync of file and folder) and
/// renames it into place. Without `commit` nothing is left behind.
class AtomicFile {
 public:
  /// `overwrite` false: an existing `path` is Error(usage), here already and again at commit.
  AtomicFile(std::filesystem::path path, bool overwrite);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool overwrite_;
  int fd_ = -1;
};

/// Writes `text` to `path` through AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view text, bool overwrite);

/// True where both paths name the same existing file.
bool same_file(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace vitral
