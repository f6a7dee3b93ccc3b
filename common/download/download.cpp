#include "common/download/download.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "common/core/sha256.h"
#include "common/core/text.h"
#include "common/download/part_file.h"
#include "common/download/transfer.h"

namespace vitral {
namespace {

/// Sleeps in slices, so that a wish to stop is heard.
void pause(double seconds, const DownloadEvents& events, const PartFile& part, std::uint64_t total) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (events.progress && !events.progress(part.size(), total, 0)) throw DownloadStopped(part.path());
  }
}

/// One download: tries until the file is whole, then verifies it.
class Download {
 public:
  Download(const DownloadRequest& request, const DownloadEvents& events)
      : request_(request), events_(events), part_(request.target), transfer_(request, events, part_) {}

  Downloaded run() {
    const auto left = part_.size();
    fetch();
    auto result = verify();
    // Bytes of an earlier run may belong to another file although the server took them for this one: once more, whole.
    if (!result && !part_.begun_anew()) {
      note("what an earlier run had left does not fit: the whole file is fetched again");
      part_.begin(request_.url, {});
      fetch();
      result = verify();
    }
    if (!result) {
      part_.discard();
      throw Error(ErrorKind::weights, printable(request_.url, 500), mismatch_ + "; nothing was kept");
    }
    if (!result->hash_checked && request_.inspect) inspect();
    part_.publish();
    result->resumed_from = part_.begun_anew() ? 0 : left;
    return *result;
  }

 private:
  void inspect() {
    try {
      request_.inspect(part_.path());
    } catch (...) {
      part_.discard();
      throw;
    }
  }

  void note(const std::string& line) const {
    if (events_.note) events_.note(line);
  }

  [[noreturn]] void give_up(const std::string& why) const {
    throw Error(
        ErrorKind::failed, printable(request_.url, 500),
        why + (part_.size() > 0 ? " (" + human_bytes(part_.size()) + " are kept; the same command goes on)" : ""));
  }

  void fetch() {
    int failed = 0;
    auto furthest = part_.size();
    for (;;) {
      const auto before = part_.size();
      const auto end = transfer_.run();
      if (end.kind == TransferEnd::Kind::done) return;
      if (end.kind == TransferEnd::Kind::give_up) give_up(end.text);
      if (end.kind == TransferEnd::Kind::restart) {
        if (before == 0) give_up(end.text);
        part_.begin(request_.url, {});
        continue;
      }
      failed = part_.size() > furthest ? 1 : failed + 1;
      furthest = std::max(furthest, part_.size());
      if (failed >= request_.tries) give_up(end.text + ", " + std::to_string(failed) + " times in a row");
      const double seconds = std::min(30.0, request_.pause_seconds * static_cast<double>(1 << (failed - 1)));
      note(end.text + " at " + human_bytes(part_.size()) + "; trying again");
      pause(seconds, events_, part_, transfer_.total());
    }
  }

  /// What the whole file is, or nothing where it is not the one that was meant (`mismatch_` says why).
  std::optional<Downloaded> verify() {
    Downloaded result;
    result.bytes = part_.size();
    if (result.bytes == 0) {
      mismatch_ = "is empty";
      return std::nullopt;
    }
    const auto total = request_.bytes > 0 ? request_.bytes : transfer_.total();
    if (total > 0 && result.bytes != total) {
      mismatch_ = "has " + std::to_string(result.bytes) + " bytes, expected " + std::to_string(total);
      return std::nullopt;
    }
    const auto& named = transfer_.header().linked_sha256;
    const auto& expected = request_.sha256.empty() ? named : request_.sha256;
    if (expected.empty() && total == 0 && !transfer_.header().is_delimited) {
      mismatch_ =
          "came without a length, and neither its size nor its hash was published: it can't be told whether it is "
          "whole";
      return std::nullopt;
    }
    result.sha256 = sha256_of_file(part_.path());
    result.hash_checked = !expected.empty();
    if (!result.sha256.starts_with(expected)) {
      mismatch_ = "has the SHA-256 " + result.sha256 + ", expected " + expected + (expected.size() < 64 ? "…" : "");
      return std::nullopt;
    }
    return result;
  }

  const DownloadRequest& request_;
  const DownloadEvents& events_;
  PartFile part_;
  Transfer transfer_;
  std::string mismatch_;
};

}  // namespace

DownloadStopped::DownloadStopped(const std::filesystem::path& part)
    : Error(ErrorKind::failed, "interrupted",
            "what was received stays in " + printable(part.string()) + "; the same command goes on") {}

Downloaded download(const DownloadRequest& request, const DownloadEvents& events) {
  if (!request.url.starts_with("https://") && !request.url.starts_with("http://")) {
    throw Error(ErrorKind::usage, printable(request.url, 500), "is neither an http:// nor an https:// address");
  }
  return Download(request, events).run();
}

}  // namespace vitral
