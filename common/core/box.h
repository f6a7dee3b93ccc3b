/// Boxes in pixels, by their corners: the form that results, trackers and drawings share.
#pragma once

#include <algorithm>

namespace vitral {

/// xmin <= xmax and ymin <= ymax; the corners lie between pixels, so the width is xmax - xmin.
struct Box {
  double xmin = 0, ymin = 0, xmax = 0, ymax = 0;

  double width() const { return xmax - xmin; }
  double height() const { return ymax - ymin; }
  double area() const { return width() * height(); }
  bool operator==(const Box&) const = default;
};

/// Intersection over union, 0 where the boxes share nothing or both have no area.
inline double iou(const Box& a, const Box& b) {
  const double width = std::min(a.xmax, b.xmax) - std::max(a.xmin, b.xmin);
  const double height = std::min(a.ymax, b.ymax) - std::max(a.ymin, b.ymin);
  if (width <= 0 || height <= 0) return 0.0;
  const double intersection = width * height;
  return intersection / (a.area() + b.area() - intersection);
}

/// One result of a detector.
struct ScoredBox {
  Box box;
  double score = 0;  ///< 0 to 1
  int class_id = 0;
};

}  // namespace vitral
