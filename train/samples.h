/// What a network says of a few pictures, for people's eyes.
#pragma once

#include "common/image/image.h"
#include "common/runtime/loader.h"
#include "datasets/dataset.h"

namespace vitral::train {

/// A sheet of up to eight pictures of `set`, spread over it: with the most probable classes and the true one, or with
/// the objects that were found and how many there are. `model` is prepared for inference; `classes`: those of its
/// training set. Empty where no picture can be read.
image::Image sample_sheet(const LoadedModel& model, const Dataset& set, const Classes& classes);

}  // namespace vitral::train
