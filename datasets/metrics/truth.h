/// A detection set as the evaluation wants it.
#pragma once

#include "datasets/coco.h"
#include "datasets/dataset.h"

namespace vitral {

/// The ground truth of a detection set in COCO's terms: image ids and category ids are the set's own.
CocoInstances truth_of(const Dataset& set);

}  // namespace vitral
