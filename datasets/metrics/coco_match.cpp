#include "datasets/metrics/coco_match.h"

#include <algorithm>
#include <cmath>

namespace vitral::coco {

const std::array<double, kIouThresholds>& iou_thresholds() {
  static const auto thresholds = [] {
    std::array<double, kIouThresholds> values{};
    const double step = (0.95 - 0.5) / 9;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) * step + 0.5;
    values.back() = 0.95;
    return values;
  }();
  return thresholds;
}

double overlap(const CocoBox& detection, const CocoBox& object, bool crowd) {
  const double width = std::min(detection[2] + detection[0], object[2] + object[0]) - std::max(detection[0], object[0]);
  if (width <= 0) return 0.0;
  const double height =
      std::min(detection[3] + detection[1], object[3] + object[1]) - std::max(detection[1], object[1]);
  if (height <= 0) return 0.0;
  const double intersection = width * height, own = detection[2] * detection[3];
  return intersection / (crowd ? own : own + object[2] * object[3] - intersection);
}

void Matcher::match(std::span<const Object> objects, std::span<const CocoBox> detections,
                    std::span<Outcomes> outcomes) {
  for (auto& taken : taken_) taken.assign(objects.size(), 0);
  for (std::size_t d = 0; d < detections.size(); ++d) {
    candidates_.clear();
    for (std::size_t g = 0; g < objects.size(); ++g) {
      const double value = overlap(detections[d], objects[g].box, objects[g].crowd);
      if (value >= iou_thresholds().front()) candidates_.push_back({static_cast<std::uint32_t>(g), value});
    }
    const double area = detections[d][2] * detections[d][3];
    for (std::size_t range = 0; range < kAreaRanges; ++range) {
      match_in_range(objects, range, kAreas[range].contains(area), outcomes[d][range]);
    }
  }
}

void Matcher::match_in_range(std::span<const Object> objects, std::size_t range, bool detection_in_range,
                             Outcome& outcome) {
  outcome = {};
  for (std::size_t threshold = 0; threshold < kIouThresholds; ++threshold) {
    const auto bit = static_cast<std::uint16_t>(1u << threshold);
    const Candidate* const found = best_candidate(objects, range, threshold);
    if (found != nullptr) {
      outcome.matched |= bit;
      taken_[range][found->object] |= bit;
      if (objects[found->object].ignored(kAreas[range])) outcome.ignored |= bit;
    } else if (!detection_in_range) {
      outcome.ignored |= bit;
    }
  }
}

/// The free object with the most overlap, the last one among equals; an ignored object only where no other will do. A
/// crowd is never used up.
const Matcher::Candidate* Matcher::best_candidate(std::span<const Object> objects, std::size_t range,
                                                  std::size_t threshold) const {
  for (const bool ignored : {false, true}) {
    const Candidate* best = nullptr;
    double least = iou_thresholds()[threshold];
    for (const Candidate& candidate : candidates_) {
      const Object& object = objects[candidate.object];
      if (candidate.overlap < least || object.ignored(kAreas[range]) != ignored) continue;
      if ((taken_[range][candidate.object] >> threshold & 1) != 0 && !object.crowd) continue;
      least = candidate.overlap;
      best = &candidate;
    }
    if (best != nullptr) return best;
  }
  return nullptr;
}

}  // namespace vitral::coco
