/// What depends on sizes only and is computed once for each: tables, positions, anchors.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace vitral::nn {

/// Values by key, the latest `kMost`. A copy starts empty, as a clone of a module has tables of its own.
template <class Key, class Value, std::size_t kMost = 8>
class SizeCache {
 public:
  SizeCache() = default;
  SizeCache(const SizeCache&) {}
  SizeCache& operator=(const SizeCache&) {
    clear();
    return *this;
  }

  /// The value for `key`, from `make()` where there is none yet.
  template <class Make>
  std::shared_ptr<const Value> get(const Key& key, Make&& make) {
    const std::lock_guard lock(mutex_);
    for (const auto& [each, value] : entries_) {
      if (each == key) return value;
    }
    // Pictures of all sizes must not fill the memory.
    if (entries_.size() == kMost) entries_.erase(entries_.begin());
    return entries_.emplace_back(key, std::make_shared<const Value>(make())).second;
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<Key, std::shared_ptr<const Value>>> entries_;
};

}  // namespace vitral::nn
