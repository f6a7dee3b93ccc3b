/// Which detection of one picture and one category found which object: the inner half of the COCO evaluation.
///
/// The rules are those of pycocotools' `COCOeval`, whose numbers the world compares, quirks included: among objects
/// with the same overlap the later one is taken, and an overlap is computed in double precision in exactly one order
/// (this file is compiled without fused multiply-add).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "datasets/coco.h"

namespace vitral::coco {

inline constexpr std::size_t kIouThresholds = 10;  ///< 0.50, 0.55, …, 0.95
inline constexpr std::size_t kAreaRanges = 4;      ///< all, small, medium, large

/// The thresholds as NumPy's linspace(0.5, 0.95, 10) gives them: the ninth is 0.8999999999999999.
const std::array<double, kIouThresholds>& iou_thresholds();

/// Objects count in the range [least, most], both ends included (1,024 square pixels are small and medium).
struct AreaRange {
  const char* name;
  double least, most;
  bool contains(double area) const { return area >= least && area <= most; }
};
inline constexpr std::array<AreaRange, kAreaRanges> kAreas{
    {{"all", 0, 1e10}, {"small", 0, 1024}, {"medium", 1024, 9216}, {"large", 9216, 1e10}}};

struct Object {
  CocoBox box;
  double area;
  bool crowd;
  /// Crowds and objects outside the range are neither found nor missed.
  bool ignored(const AreaRange& range) const { return crowd || !range.contains(area); }
};

/// What became of one detection in one area range: bit t is set at threshold t.
struct Outcome {
  std::uint16_t matched = 0;  ///< it found an object
  std::uint16_t ignored = 0;  ///< it counts neither as right nor as wrong
};
using Outcomes = std::array<Outcome, kAreaRanges>;

/// Intersection over union of a detection and an object; over the detection's own area where the object is a crowd.
double overlap(const CocoBox& detection, const CocoBox& object, bool crowd);

/// Keeps its memory between pictures. Not thread-safe: one matcher a thread.
class Matcher {
 public:
  /// `detections` by falling score. outcomes[d] gets what became of detections[d].
  void match(std::span<const Object> objects, std::span<const CocoBox> detections, std::span<Outcomes> outcomes);

 private:
  struct Candidate {
    std::uint32_t object;
    double overlap;
  };
  void match_in_range(std::span<const Object> objects, std::size_t range, bool detection_in_range, Outcome& outcome);
  const Candidate* best_candidate(std::span<const Object> objects, std::size_t range, std::size_t threshold) const;

  std::vector<Candidate> candidates_;                          // of the present detection, in the order of the file
  std::array<std::vector<std::uint16_t>, kAreaRanges> taken_;  // bit t of [range][object]: found at threshold t
};

}  // namespace vitral::coco
