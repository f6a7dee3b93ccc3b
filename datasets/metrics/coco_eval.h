/// The COCO detection metrics, equal to pycocotools' `COCOeval` with iouType "bbox" to the last digit.
///
/// One difference is meant: there an object whose annotation id is 0 can't be found (the id serves as the flag); here
/// it counts as any other. `CocoEvaluation::has_id_zero` tells.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "datasets/coco.h"
#include "datasets/metrics/coco_match.h"

namespace vitral {

namespace coco {
inline constexpr std::size_t kRecalls = 101;                             ///< 0.00, 0.01, …, 1.00
inline constexpr std::array<std::size_t, 3> kMaxDetections{1, 10, 100};  ///< by score, per picture and category
inline constexpr std::size_t kMaxCategories = 4'096;                     ///< bounds the tables: 0.2 MB a category
inline constexpr std::array<const char*, 12> kStatNames{"AP",  "AP50", "AP75",  "APs", "APm", "APl",
                                                        "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"};
}  // namespace coco

struct CocoEvaluation {
  std::size_t images = 0;                ///< in the ground truth
  std::vector<CocoCategory> categories;  ///< by rising id; K of them
  std::vector<std::size_t> objects;      ///< [K] objects that are no crowds
  std::array<double, 12> stats{};        ///< as coco::kStatNames; -1 where there is nothing to average
  std::vector<double> category_ap;       ///< [K] AP as in stats[0], of one category
  /// The tables that pycocotools calls the same; -1 for a category without objects in the area range.
  std::vector<double> precision;  ///< [10 thresholds, 101 recalls, K, 4 areas, 3 limits of detections]
  std::vector<double> scores;     ///< the same shape: the score at which that recall is reached
  std::vector<double> recall;     ///< [10, K, 4, 3]
  /// Results that were left out, by the unknown id that they name -> how many.
  std::map<std::int64_t, std::size_t> unknown_images, unknown_categories;
  bool has_id_zero = false;

  /// Index into precision and scores.
  std::size_t at(std::size_t threshold, std::size_t recall_point, std::size_t category, std::size_t area,
                 std::size_t limit) const;
  /// Index into recall.
  std::size_t at(std::size_t threshold, std::size_t category, std::size_t area, std::size_t limit) const;
};

/// Evaluates on `threads` threads (0: as many as the machine has), with the same result for any number.
/// Throws Error(input) where a score is NaN or infinite or there are more than coco::kMaxCategories categories.
CocoEvaluation evaluate_coco(const CocoInstances& truth, std::span<const CocoResult> results, int threads = 0);

/// The recall points as NumPy's linspace(0, 1, 101) gives them.
const std::array<double, coco::kRecalls>& coco_recall_points();

/// The twelve lines that pycocotools prints, letter for letter, each ended by a newline.
std::string coco_summary(const CocoEvaluation& evaluation);

}  // namespace vitral
