/// A detector whose answers can be computed by hand: it finds rectangles of pure red, green and blue.
#pragma once

#include "common/runtime/registry.h"

namespace vitral::test {

/// Adds "spot_detector": three classes with the ids 5, 9 and 90 (a hole before the last), preprocessed as DETR's
/// pictures are, but by whole multiples. The score of a box is its brightness, and its raw outputs are those of set
/// prediction.
void register_spot_detector(Registry& registry);

}  // namespace vitral::test
