#include "datasets/metrics/coco_confusion.h"

#include <algorithm>
#include <unordered_map>

#include "datasets/metrics/coco_match.h"

namespace vitral {
namespace {

struct Picture {
  std::vector<const CocoAnnotation*> objects, crowds;
  std::vector<const CocoResult*> detections;
};

struct Pair {
  double overlap;
  std::size_t object, detection;
};

std::vector<Pair> pairs_of(const Picture& picture, double min_iou) {
  std::vector<Pair> pairs;
  for (std::size_t d = 0; d < picture.detections.size(); ++d) {
    for (std::size_t o = 0; o < picture.objects.size(); ++o) {
      const double overlap = coco::overlap(picture.detections[d]->box, picture.objects[o]->box, false);
      if (overlap >= min_iou) pairs.push_back({overlap, o, d});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.overlap > b.overlap; });
  return pairs;
}

class Counter {
 public:
  Counter(const CocoInstances& truth, CocoConfusion& confusion) : confusion_(confusion) {
    confusion.categories = truth.categories;
    std::stable_sort(confusion.categories.begin(), confusion.categories.end(),
                     [](const auto& a, const auto& b) { return a.id < b.id; });
    for (std::size_t i = 0; i < confusion.categories.size(); ++i) number_[confusion.categories[i].id] = i;
    confusion.counts.assign((number_.size() + 1) * (number_.size() + 1), 0);
  }
  bool knows(std::int64_t category) const { return number_.contains(category); }

  void count(const Picture& picture, double min_iou) {
    std::vector<bool> found(picture.objects.size()), used(picture.detections.size());
    for (const auto& pair : pairs_of(picture, min_iou)) {
      if (found[pair.object] || used[pair.detection]) continue;
      found[pair.object] = used[pair.detection] = true;
      ++cell(number_.at(picture.objects[pair.object]->category_id),
             number_.at(picture.detections[pair.detection]->category_id));
    }
    const std::size_t nothing = number_.size();
    for (std::size_t o = 0; o < found.size(); ++o) {
      if (!found[o]) ++cell(number_.at(picture.objects[o]->category_id), nothing);
    }
    for (std::size_t d = 0; d < used.size(); ++d) {
      const auto& detection = *picture.detections[d];
      const bool in_crowd = std::any_of(picture.crowds.begin(), picture.crowds.end(), [&](const auto* crowd) {
        return coco::overlap(detection.box, crowd->box, true) > min_iou;
      });
      if (!used[d] && !in_crowd) ++cell(nothing, number_.at(detection.category_id));
    }
  }

 private:
  std::size_t& cell(std::size_t row, std::size_t column) {
    return confusion_.counts[row * (number_.size() + 1) + column];
  }
  CocoConfusion& confusion_;
  std::unordered_map<std::int64_t, std::size_t> number_;
};

}  // namespace

CocoConfusion coco_confusion(const CocoInstances& truth, std::span<const CocoResult> results,
                             const CocoConfusionOptions& options) {
  CocoConfusion confusion;
  Counter counter(truth, confusion);
  std::unordered_map<std::int64_t, Picture> pictures;
  for (const auto& image : truth.images) pictures[image.id];
  for (const auto& annotation : truth.annotations) {
    auto& picture = pictures[annotation.image_id];
    (annotation.crowd ? picture.crowds : picture.objects).push_back(&annotation);
  }
  for (const auto& result : results) {
    const auto picture = pictures.find(result.image_id);
    if (picture == pictures.end() || result.score < options.min_score || !counter.knows(result.category_id)) continue;
    picture->second.detections.push_back(&result);
  }
  for (const auto& [id, picture] : pictures) counter.count(picture, options.min_iou);
  return confusion;
}

}  // namespace vitral
