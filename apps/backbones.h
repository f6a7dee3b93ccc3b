#pragma once

#include "detr/backbone.h"

namespace vitral::apps {

/// The residual networks of the `cnn` family as what detectors of other families stand on.
/// The factory throws Error(failed) for a depth that is none of 18, 34, 50 and 101.
detr::BackboneFactory resnet_backbones();

}  // namespace vitral::apps
