/// A file that is being downloaded: its bytes under "<target>.part", and beside them what the server said of the file
/// that they belong to, so that a later run goes on only with the same file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace vitral {

/// What tells one state of a remote file from another (RFC 9110, section 8.8).
struct Validators {
  std::string etag, last_modified;
  /// What `If-Range` may carry: a strong tag, or the date; empty: nothing.
  std::string if_range() const;
};

/// Open and locked for as long as it lives; the bytes stay for the next run unless `publish` or `discard` was called.
class PartFile {
 public:
  /// Opens or creates "<target>.part". Throws Error(usage) where the folder can't be written, Error(failed) where
  /// another process downloads the same file.
  explicit PartFile(std::filesystem::path target);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// False while the bytes are still those that were found at opening, and what was appended to them.
  bool begun_anew() const { return begun_anew_; }
  /// What was recorded for `url` when the bytes here were begun; empty for bytes of another URL.
  Validators recorded(const std::string& url) const;
  /// Forgets all bytes and records whose they will be.
  void begin(const std::string& url, const Validators& validators);
  /// Throws Error(failed) where the bytes can't be written.
  void append(std::span<const std::byte> bytes);
  const std::filesystem::path& path() const { return path_; }

  /// Makes the bytes durable and renames the file to its target.
  void publish();
  /// Removes the bytes and the record.
  void discard();

 private:
  void open();

  std::filesystem::path target_, path_, record_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  bool begun_anew_ = false;
};

}  // namespace vitral
