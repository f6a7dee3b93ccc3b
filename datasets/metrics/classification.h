/// Top-1 and top-5 accuracy, per class too, and the confusion matrix.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace vitral {

/// The place of `label` when the scores are sorted from high to low, equal ones by rising index: 0 is the best.
/// Requires label < scores.size() and no NaN.
std::size_t rank_of(std::span<const float> scores, std::size_t label);

/// Counts over the pictures of a data set. Shares are 0 to 1, and 0 where nothing was counted.
class ClassificationMetrics {
 public:
  /// Throws Error(failed) for no classes.
  explicit ClassificationMetrics(std::size_t classes);

  /// Counts one picture. scores [classes]: logits or probabilities; label: its true class. Scores with a NaN count as
  /// wrong and in not_a_number(). Throws Error(failed) where the number of scores or the label does not fit the
  /// classes.
  void add(std::span<const float> scores, std::size_t label);

  std::size_t images() const { return images_; }
  std::size_t not_a_number() const { return not_a_number_; }
  double top1() const { return share(right1_, images_); }
  double top5() const { return share(right5_, images_); }  ///< of at most 5: with fewer classes all of them count

  struct PerClass {
    std::size_t images = 0, right = 0;
    double accuracy() const { return share(right, images); }
  };
  const std::vector<PerClass>& per_class() const { return per_class_; }

  /// (true class, predicted class) -> pictures; pairs that did not occur are absent.
  const std::map<std::pair<std::size_t, std::size_t>, std::size_t>& confusion() const { return confusion_; }

 private:
  static double share(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }

  std::size_t images_ = 0, not_a_number_ = 0, right1_ = 0, right5_ = 0;
  std::vector<PerClass> per_class_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> confusion_;
};

}  // namespace vitral
