#include "datasets/metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "common/core/error.h"

namespace vitral {

std::size_t rank_of(std::span<const float> scores, std::size_t label) {
  std::size_t better = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    better += scores[i] > scores[label] || (scores[i] == scores[label] && i < label) ? 1 : 0;
  }
  return better;
}

ClassificationMetrics::ClassificationMetrics(std::size_t classes) : per_class_(classes) {
  if (classes == 0) throw Error(ErrorKind::failed, "classification metrics", "no classes");
}

void ClassificationMetrics::add(std::span<const float> scores, std::size_t label) {
  const std::size_t classes = per_class_.size();
  if (scores.size() != classes || label >= classes) {
    throw Error(ErrorKind::failed, "classification metrics",
                "found " + std::to_string(scores.size()) + " scores and label " + std::to_string(label) +
                    ", expected " + std::to_string(classes) + " classes");
  }
  ++images_;
  ++per_class_[label].images;
  if (std::any_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); })) {
    ++not_a_number_;
    return;
  }
  const std::size_t rank = rank_of(scores, label);
  right1_ += rank < 1 ? 1 : 0;
  right5_ += rank < 5 ? 1 : 0;
  per_class_[label].right += rank < 1 ? 1 : 0;
  const auto predicted = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  ++confusion_[{label, predicted}];
}

}  // namespace vitral
