#include "datasets/metrics/coco_eval.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "common/core/error.h"
#include "common/core/parallel.h"

namespace vitral {
namespace {

using coco::kAreaRanges;
using coco::kIouThresholds;
using coco::kMaxDetections;
using coco::kRecalls;

/// One detection of a category, in the order in which the category's precision is accumulated.
struct Scored {
  double score;
  std::uint32_t rank;  // within its picture, from 0
  coco::Outcomes outcomes;
};

/// What belongs to one category: indices into the annotations and the results, by rising image id, else in file order.
struct Category {
  std::vector<std::uint32_t> objects, results;
};

/// Ids numbered by rising value.
class Numbering {
 public:
  template <class Value>
  explicit Numbering(const std::vector<Value>& values) {
    std::vector<std::int64_t> ids;
    ids.reserve(values.size());
    for (const auto& value : values) ids.push_back(value.id);
    std::sort(ids.begin(), ids.end());
    for (const std::int64_t id : ids) numbers_.emplace(id, static_cast<std::uint32_t>(numbers_.size()));
  }
  std::size_t size() const { return numbers_.size(); }
  std::optional<std::uint32_t> find(std::int64_t id) const {
    const auto found = numbers_.find(id);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
  std::uint32_t at(std::int64_t id, const char* noun, const CocoAnnotation& annotation) const {
    if (const auto number = find(id)) return *number;
    throw Error(ErrorKind::input, "annotation " + std::to_string(annotation.id),
                std::string("there is no ") + noun + " " + std::to_string(id));
  }

 private:
  std::unordered_map<std::int64_t, std::uint32_t> numbers_;
};

/// The sum in the order of NumPy's pairwise summation, so that means are equal to the last digit.
double pairwise_sum(std::span<const double> values) {
  if (values.size() < 8) return std::accumulate(values.begin(), values.end(), 0.0);
  if (values.size() > 128) {
    const std::size_t half = values.size() / 2 / 8 * 8;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  std::array<double, 8> lanes;
  std::copy_n(values.begin(), 8, lanes.begin());
  std::size_t i = 8;
  for (; i + 8 <= values.size(); i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += values[i + lane];
  }
  double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (; i < values.size(); ++i) sum += values[i];
  return sum;
}

/// The mean of what is not -1, or -1.
double mean_of_present(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !(value > -1); });
  return values.empty() ? -1.0 : pairwise_sum(values) / static_cast<double>(values.size());
}

class Evaluator {
 public:
  Evaluator(const CocoInstances& truth, std::span<const CocoResult> results, CocoEvaluation& evaluation)
      : truth_(truth),
        results_(results),
        evaluation_(evaluation),
        image_number_(truth.images),
        category_number_(truth.categories) {
    allocate();
    group_annotations();
    group_results();
  }

  void run(int threads) {
    // The largest categories first, so that no thread ends long after the others.
    std::vector<std::size_t> order(categories_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto work = [&](std::size_t k) { return categories_[k].results.size() + categories_[k].objects.size(); };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return work(a) > work(b); });
    parallel_for(order.size(), threads, [&](std::size_t i) { evaluate_category(order[i]); });
  }

 private:
  void allocate() {
    evaluation_.images = image_number_.size();
    auto& categories = evaluation_.categories;
    categories = truth_.categories;
    std::stable_sort(categories.begin(), categories.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    if (categories.size() > coco::kMaxCategories) {
      throw Error(ErrorKind::input, "ground truth",
                  "has " + std::to_string(categories.size()) + " categories, the limit is " +
                      std::to_string(coco::kMaxCategories));
    }
    const std::size_t cells = kIouThresholds * categories.size() * kAreaRanges * kMaxDetections.size();
    evaluation_.precision.assign(cells * kRecalls, -1.0);
    evaluation_.scores.assign(cells * kRecalls, -1.0);
    evaluation_.recall.assign(cells, -1.0);
    evaluation_.objects.assign(categories.size(), 0);
    categories_.resize(categories.size());
  }

  void group_annotations() {
    image_of_object_.reserve(truth_.annotations.size());
    for (std::size_t i = 0; i < truth_.annotations.size(); ++i) {
      const auto& annotation = truth_.annotations[i];
      image_of_object_.push_back(image_number_.at(annotation.image_id, "image", annotation));
      const std::uint32_t category = category_number_.at(annotation.category_id, "category", annotation);
      categories_[category].objects.push_back(static_cast<std::uint32_t>(i));
      evaluation_.objects[category] += annotation.crowd ? 0 : 1;
      evaluation_.has_id_zero |= annotation.id == 0;
    }
  }

  void group_results() {
    image_of_result_.assign(results_.size(), 0);
    for (std::size_t i = 0; i < results_.size(); ++i) {
      const auto& result = results_[i];
      if (!std::isfinite(result.score)) {
        throw Error(ErrorKind::input, "result " + std::to_string(i), "the score is no finite number");
      }
      const auto image = image_number_.find(result.image_id);
      const auto category = category_number_.find(result.category_id);
      if (!image) ++evaluation_.unknown_images[result.image_id];
      if (!category) ++evaluation_.unknown_categories[result.category_id];
      if (!image || !category) continue;
      image_of_result_[i] = *image;
      categories_[*category].results.push_back(static_cast<std::uint32_t>(i));
    }
  }

  void evaluate_category(std::size_t category) {
    auto& [objects, results] = categories_[category];
    std::stable_sort(objects.begin(), objects.end(),
                     [&](auto a, auto b) { return image_of_object_[a] < image_of_object_[b]; });
    std::sort(results.begin(), results.end(), [&](auto a, auto b) {
      if (image_of_result_[a] != image_of_result_[b]) return image_of_result_[a] < image_of_result_[b];
      return results_[a].score != results_[b].score ? results_[a].score > results_[b].score : a < b;
    });
    std::vector<Scored> scored = match_pictures(objects, results);
    std::stable_sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) { return a.score > b.score; });

    for (std::size_t area = 0; area < kAreaRanges; ++area) {
      const auto counts = [&](std::uint32_t object) {
        const auto& annotation = truth_.annotations[object];
        return !annotation.crowd && coco::kAreas[area].contains(annotation.area);
      };
      const auto positives = static_cast<std::size_t>(std::count_if(objects.begin(), objects.end(), counts));
      if (positives == 0) continue;
      for (std::size_t limit = 0; limit < kMaxDetections.size(); ++limit) {
        for (std::size_t threshold = 0; threshold < kIouThresholds; ++threshold) {
          accumulate(scored, positives, category, area, limit, threshold);
        }
      }
    }
  }

  /// Matches picture by picture; the best detections of each, with what became of them.
  std::vector<Scored> match_pictures(std::span<const std::uint32_t> objects,
                                     std::span<const std::uint32_t> results) const {
    std::vector<Scored> scored;
    coco::Matcher matcher;
    std::vector<coco::Object> here;
    std::vector<CocoBox> boxes;
    std::vector<coco::Outcomes> outcomes;
    for (std::size_t first = 0, object = 0; first < results.size();) {
      const std::uint32_t image = image_of_result_[results[first]];
      std::size_t end = first;
      while (end < results.size() && image_of_result_[results[end]] == image) ++end;
      here.clear();
      for (; object < objects.size() && image_of_object_[objects[object]] <= image; ++object) {
        const auto& annotation = truth_.annotations[objects[object]];
        if (image_of_object_[objects[object]] == image)
          here.push_back({annotation.box, annotation.area, annotation.crowd});
      }
      const auto best = results.subspan(first, std::min(end - first, kMaxDetections.back()));
      boxes.clear();
      for (const std::uint32_t result : best) boxes.push_back(results_[result].box);
      outcomes.resize(best.size());
      matcher.match(here, boxes, outcomes);
      for (std::uint32_t rank = 0; rank < best.size(); ++rank) {
        scored.push_back({results_[best[rank]].score, rank, outcomes[rank]});
      }
      first = end;
    }
    return scored;
  }

  /// Precision at each recall point: the highest one at this recall or beyond.
  void accumulate(const std::vector<Scored>& scored, std::size_t positives, std::size_t category, std::size_t area,
                  std::size_t limit, std::size_t threshold) {
    // Recall only rises, and precision only has a peak, where a detection is right: those places are all that is
    // needed.
    std::vector<double> precision, recall, score;
    double right = 0, wrong = 0;
    const Scored* first = nullptr;
    for (const Scored& detection : scored) {
      if (detection.rank >= kMaxDetections[limit]) continue;
      if (first == nullptr) first = &detection;
      const coco::Outcome outcome = detection.outcomes[area];
      if ((outcome.ignored >> threshold & 1) != 0) continue;
      if ((outcome.matched >> threshold & 1) == 0) {
        ++wrong;
        continue;
      }
      ++right;
      precision.push_back(right / (wrong + right + std::numeric_limits<double>::epsilon()));
      recall.push_back(right / static_cast<double>(positives));
      score.push_back(detection.score);
    }
    for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
    evaluation_.recall[evaluation_.at(threshold, category, area, limit)] = recall.empty() ? 0.0 : recall.back();
    for (std::size_t point = 0; point < kRecalls; ++point) {
      const std::size_t cell = evaluation_.at(threshold, point, category, area, limit);
      const auto reached = std::lower_bound(recall.begin(), recall.end(), coco_recall_points()[point]);
      const bool any = reached != recall.end();
      evaluation_.precision[cell] = any ? precision[static_cast<std::size_t>(reached - recall.begin())] : 0.0;
      evaluation_.scores[cell] = any ? score[static_cast<std::size_t>(reached - recall.begin())] : 0.0;
      if (point == 0 && first != nullptr) evaluation_.scores[cell] = first->score;  // a recall of 0 is reached at once
    }
  }

  const CocoInstances& truth_;
  std::span<const CocoResult> results_;
  CocoEvaluation& evaluation_;
  Numbering image_number_, category_number_;
  std::vector<std::uint32_t> image_of_object_, image_of_result_;
  std::vector<Category> categories_;
};

/// Which cells one of the twelve numbers averages.
struct Stat {
  bool precision;
  int threshold;  // -1: all of them
  std::size_t area, limit;
};
constexpr std::array<Stat, 12> kStats{{{true, -1, 0, 2},
                                       {true, 0, 0, 2},
                                       {true, 5, 0, 2},
                                       {true, -1, 1, 2},
                                       {true, -1, 2, 2},
                                       {true, -1, 3, 2},
                                       {false, -1, 0, 0},
                                       {false, -1, 0, 1},
                                       {false, -1, 0, 2},
                                       {false, -1, 1, 2},
                                       {false, -1, 2, 2},
                                       {false, -1, 3, 2}}};

/// The values that a number averages, over the categories [first, end), in the order of the tables.
std::vector<double> cells(const CocoEvaluation& evaluation, const Stat& stat, std::size_t first, std::size_t end) {
  std::vector<double> values;
  for (std::size_t threshold = 0; threshold < kIouThresholds; ++threshold) {
    if (stat.threshold >= 0 && static_cast<std::size_t>(stat.threshold) != threshold) continue;
    for (std::size_t point = 0; point < (stat.precision ? kRecalls : 1); ++point) {
      for (std::size_t category = first; category < end; ++category) {
        values.push_back(stat.precision
                             ? evaluation.precision[evaluation.at(threshold, point, category, stat.area, stat.limit)]
                             : evaluation.recall[evaluation.at(threshold, category, stat.area, stat.limit)]);
      }
    }
  }
  return values;
}

}  // namespace

std::size_t CocoEvaluation::at(std::size_t threshold, std::size_t recall_point, std::size_t category, std::size_t area,
                               std::size_t limit) const {
  return (((threshold * kRecalls + recall_point) * categories.size() + category) * kAreaRanges + area) *
             kMaxDetections.size() +
         limit;
}

std::size_t CocoEvaluation::at(std::size_t threshold, std::size_t category, std::size_t area, std::size_t limit) const {
  return ((threshold * categories.size() + category) * kAreaRanges + area) * kMaxDetections.size() + limit;
}

const std::array<double, kRecalls>& coco_recall_points() {
  static const auto points = [] {
    std::array<double, kRecalls> values{};
    for (std::size_t i = 0; i < kRecalls; ++i) values[i] = static_cast<double>(i) * (1.0 / 100);
    values.back() = 1.0;
    return values;
  }();
  return points;
}

CocoEvaluation evaluate_coco(const CocoInstances& truth, std::span<const CocoResult> results, int threads) {
  CocoEvaluation evaluation;
  Evaluator(truth, results, evaluation).run(threads);
  const std::size_t categories = evaluation.categories.size();
  for (std::size_t i = 0; i < kStats.size(); ++i) {
    evaluation.stats[i] = mean_of_present(cells(evaluation, kStats[i], 0, categories));
  }
  for (std::size_t category = 0; category < categories; ++category) {
    evaluation.category_ap.push_back(mean_of_present(cells(evaluation, kStats[0], category, category + 1)));
  }
  return evaluation;
}

std::string coco_summary(const CocoEvaluation& evaluation) {
  std::string text;
  for (std::size_t i = 0; i < kStats.size(); ++i) {
    const Stat& stat = kStats[i];
    char range[16] = "0.50:0.95", line[128];
    if (stat.threshold >= 0) {
      std::snprintf(range, sizeof range, "%.2f", coco::iou_thresholds()[static_cast<std::size_t>(stat.threshold)]);
    }
    std::snprintf(line, sizeof line, " %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3zu ] = %0.3f\n",
                  stat.precision ? "Average Precision" : "Average Recall", stat.precision ? "(AP)" : "(AR)", range,
                  coco::kAreas[stat.area].name, kMaxDetections[stat.limit], evaluation.stats[i]);
    text += line;
  }
  return text;
}

}  // namespace vitral
