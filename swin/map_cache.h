/// What was computed once for a size of feature map.
#pragma once

#include <c10/core/Device.h>

#include "common/nn/size_cache.h"
#include "swin/window.h"

namespace vitral::swin {

struct MapKey {
  Size map;
  at::Device device;
  bool operator==(const MapKey&) const = default;
};

/// Values by size of map.
template <class Value>
using MapCache = nn::SizeCache<MapKey, Value>;

}  // namespace vitral::swin
