#include "apps/draw_detections.h"

#include <algorithm>
#include <cstdio>

#include "common/image/draw.h"

namespace vitral::apps {

void draw_detections(image::Image& picture, std::span<const ScoredBox> boxes, const NativeRecord& classes) {
  std::vector<image::LabelledBox> labelled;
  for (const auto& [box, score, class_id] : boxes) {
    char percent[16];
    std::snprintf(percent, sizeof percent, " %.2f", score);
    labelled.push_back({static_cast<float>(box.xmin), static_cast<float>(box.ymin), static_cast<float>(box.xmax),
                        static_cast<float>(box.ymax), class_label(classes, class_id) + percent, class_id});
  }
  std::reverse(labelled.begin(), labelled.end());
  image::draw_boxes(picture, labelled);
}

}  // namespace vitral::apps
