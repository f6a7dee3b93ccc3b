/// Procedural backgrounds: colour gradients, noise at several scales, and clutter that is no object.
#pragma once

#include "common/image/image.h"
#include "datasets/rng.h"

namespace vitral {

image::Image make_background(int width, int height, Rng& rng);

}  // namespace vitral
