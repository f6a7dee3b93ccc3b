/// The residual network below a detector. Families know nothing of each other, so it comes as a value of `Backbone`
/// from whoever registers the detector (apps/registry.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/runtime/model.h"

namespace vitral::detr {

struct BackboneSpec {
  std::int64_t depth = 50;     ///< layers of the ResNet: 18, 34, 50 or 101
  std::int64_t width = 64;     ///< channels of the first stage
  bool deep = false;           ///< the "vd" variant: a stem of three convolutions, pooled shortcuts
  bool project_first = false;  ///< the first block has a projection even where its shapes agree
  bool frozen = true;          ///< norms that learn nothing
  bool dilate_last = false;    ///< the last stage keeps its resolution ("DC5")
  std::int64_t in_chans = 3;
  std::vector<std::int64_t> levels{4};  ///< stages, 1 to 4, whose maps are wanted
};

/// Makes a backbone with fresh random weights.
using BackboneFactory = std::function<std::shared_ptr<Backbone>(const BackboneSpec&)>;

}  // namespace vitral::detr
