#include "datasets/tools/box_format.h"

#include <algorithm>
#include <array>

namespace vitral {
namespace {

using Numbers = std::array<double, 4>;

Box as_corners(const Numbers& n) {
  return {n[0], n[1], n[2], n[3]};
}
Box as_corner_and_size(const Numbers& n) {
  return {n[0], n[1], n[0] + n[2], n[1] + n[3]};
}
Box as_centre_and_size(const Numbers& n) {
  return {n[0] - n[2] / 2, n[1] - n[3] / 2, n[0] + n[2] / 2, n[1] + n[3] / 2};
}

struct Reading {
  const char* name;
  Box (*box)(const Numbers&);
};
constexpr Reading kReadings[] = {{"corners (xmin, ymin, xmax, ymax)", as_corners},
                                 {"corner and size (x, y, width, height)", as_corner_and_size},
                                 {"centre and size (x, y, width, height)", as_centre_and_size}};

/// The numbers as they stand in the file.
Numbers written(DataFormat format, const Box& box) {
  if (format == DataFormat::coco) return {box.xmin, box.ymin, box.width(), box.height()};
  if (format == DataFormat::yolo) {
    return {(box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2, box.width(), box.height()};
  }
  return {box.xmin, box.ymin, box.xmax, box.ymax};
}

bool fits(const Box& box, const PlacedBox& placed) {
  return box.xmin >= -1 && box.ymin >= -1 && box.xmax <= placed.width + 1 && box.ymax <= placed.height + 1 &&
         box.width() > 0 && box.height() > 0;
}

double share_that_fits(DataFormat format, const std::vector<PlacedBox>& boxes, const Reading& reading) {
  const auto count = std::count_if(boxes.begin(), boxes.end(), [&](const PlacedBox& placed) {
    return fits(reading.box(written(format, placed.box)), placed);
  });
  return static_cast<double>(count) / static_cast<double>(boxes.size());
}

}  // namespace

std::string other_box_format(DataFormat format, const std::vector<PlacedBox>& boxes) {
  if (boxes.size() < 5) return {};
  const bool tiny = format != DataFormat::yolo && std::all_of(boxes.begin(), boxes.end(), [](const PlacedBox& placed) {
                      return placed.box.xmax <= 1 && placed.box.ymax <= 1 && placed.width > 4;
                    });
  if (tiny) return "all boxes lie in the first pixel: are their numbers shares of the picture instead of pixels?";
  const std::size_t own = format == DataFormat::coco ? 1 : format == DataFormat::yolo ? 2 : 0;
  if (share_that_fits(format, boxes, kReadings[own]) > 0.9) return {};
  for (const auto& reading : kReadings) {
    if (&reading == &kReadings[own] || share_that_fits(format, boxes, reading) < 0.99) continue;
    return std::string("the boxes do not fit into their pictures as ") + kReadings[own].name + ", but they do as " +
           reading.name;
  }
  return {};
}

}  // namespace vitral
