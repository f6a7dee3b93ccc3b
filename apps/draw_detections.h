/// Detections drawn into their picture, for files and for the screen.
#pragma once

#include <span>

#include "common/core/box.h"
#include "common/image/image.h"
#include "common/runtime/native.h"

namespace vitral::apps {

/// Boxes in pixels of `picture`, labelled with class and score; the best ones on top.
void draw_detections(image::Image& picture, std::span<const ScoredBox> boxes, const NativeRecord& classes);

}  // namespace vitral::apps
