/// From options to the transforms of a training set.
#pragma once

#include <memory>

#include "common/core/preprocess.h"
#include "datasets/dataset.h"
#include "datasets/transforms/mix.h"
#include "train/options.h"

namespace vitral::train {

/// What each picture goes through: its output has the size that `spec` gives to the network. `set`: where mosaics take
/// their other pictures from.
Transform training_transform(const AugmentOptions& options, const Preprocess& spec,
                             const std::shared_ptr<const Dataset>& set);

/// Mixup and cutmix; empty where both are off.
BatchTransform batch_transform(const AugmentOptions& options);

/// The largest picture {height, width} that the transforms can give.
std::array<std::int64_t, 2> largest_input(const Preprocess& spec, Task task);

}  // namespace vitral::train
