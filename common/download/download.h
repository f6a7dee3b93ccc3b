/// Downloads over HTTP(S) that can be broken off and gone on with, and that appear under their name only when they are
/// whole and their hash is right. The one place in the repository that opens a connection; only apps/ uses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "common/core/error.h"

namespace vitral {

struct DownloadRequest {
  std::string url;               ///< http:// or https://
  std::filesystem::path target;  ///< its folder is made where it is missing
  std::uint64_t bytes = 0;       ///< how long the file must be; 0: unknown
  std::string sha256;            ///< in hex, or its first digits; empty: unknown
  /// Looks into the whole file before it gets its name, where no hash vouches for it; throws what is wrong with it.
  std::function<void(const std::filesystem::path& part)> inspect;
  double stall_seconds = 30;   ///< a try ends after so long without a byte
  int tries = 4;               ///< failed tries in a row without a new byte
  double pause_seconds = 0.5;  ///< before the second try; doubles
  std::string user_agent = "vitral";
};

/// What the caller hears while it lasts.
struct DownloadEvents {
  /// Bytes on disk, all of them (0: not known yet) and bytes that were there before; false ends the download.
  std::function<bool(std::uint64_t done, std::uint64_t total, std::uint64_t before)> progress;
  /// A line about a try that failed or a file that was begun anew.
  std::function<void(const std::string& line)> note;
};

struct Downloaded {
  std::uint64_t bytes = 0;
  std::uint64_t resumed_from = 0;  ///< bytes that an earlier run had left
  std::string sha256;              ///< of the whole file
  bool hash_checked = false;       ///< against the request's hash, or one that the server named
};

/// `progress` said to stop. What was received stays for the next run.
class DownloadStopped : public Error {
 public:
  explicit DownloadStopped(const std::filesystem::path& part);
};

/// Fetches `request.url` to `request.target`, which is replaced only by a whole and verified file. Throws
/// Error(weights) where size or hash are wrong (nothing stays then), Error(usage) for a URL of another kind or a folder
/// that can't be written, Error(failed) where the server, the network or the disk fail (what was received stays in
/// "<target>.part").
Downloaded download(const DownloadRequest& request, const DownloadEvents& events);

}  // namespace vitral
