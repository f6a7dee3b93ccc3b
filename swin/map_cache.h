/// What was computed once for a size of feature map.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "swin/window.h"

namespace vitral::swin {

struct MapKey {
  Size map;
  at::Device device;
  bool operator==(const MapKey&) const = default;
};

/// Values by size of map. A copy starts empty, as a clone of a module has tables of its own.
template <class Value>
class MapCache {
 public:
  MapCache() = default;
  MapCache(const MapCache&) {}
  MapCache& operator=(const MapCache&) {
    clear();
    return *this;
  }

  /// The value for `key`, from `make()` where there is none yet.
  template <class Make>
  std::shared_ptr<const Value> get(const MapKey& key, Make&& make) {
    const std::lock_guard lock(mutex_);
    for (const auto& [each, value] : entries_) {
      if (each == key) return value;
    }
    // Pictures of all sizes must not fill the memory.
    if (entries_.size() == kMostSizes) entries_.erase(entries_.begin());
    return entries_.emplace_back(key, std::make_shared<const Value>(make())).second;
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
  }

 private:
  static constexpr std::size_t kMostSizes = 8;
  std::mutex mutex_;
  std::vector<std::pair<MapKey, std::shared_ptr<const Value>>> entries_;
};

}  // namespace vitral::swin
