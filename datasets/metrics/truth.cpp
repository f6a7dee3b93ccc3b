#include "datasets/metrics/truth.h"

#include <algorithm>

namespace vitral {
namespace {

CocoAnnotation annotation_of(const Object& object, const Sample& sample, const Classes& classes, std::size_t number) {
  const auto& box = object.box;
  return {static_cast<std::int64_t>(number),
          sample.id,
          classes.ids[object.class_index],
          {box.xmin, box.ymin, std::max(box.width(), 0.0), std::max(box.height(), 0.0)},
          object.area,
          object.crowd};
}

}  // namespace

CocoInstances truth_of(const Dataset& set) {
  CocoInstances truth;
  const auto& classes = set.classes();
  for (std::size_t i = 0; i < classes.size(); ++i) truth.categories.push_back({classes.ids[i], classes.names[i]});
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto sample = set.describe(i);
    truth.images.push_back({sample.id, sample.name, sample.width, sample.height});
    for (const auto& object : sample.objects) {
      truth.annotations.push_back(annotation_of(object, sample, classes, truth.annotations.size() + 1));
    }
  }
  return truth;
}

}  // namespace vitral
