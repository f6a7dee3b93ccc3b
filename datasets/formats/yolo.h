/// YOLO's text format: one label file a picture, a line an object, and data.yaml for the whole.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

/// Shares of the picture's width and height; the centre in [0, 1], width and height in [0, 1].
struct YoloBox {
  std::size_t class_index = 0;
  double x = 0, y = 0, width = 0, height = 0;
};

/// A line that breaks a rule: "line 3: …" without the file, and what kind of fault it is (DataProblem::kind).
using YoloProblemHandler = std::function<void(const std::string& kind, const std::string& message)>;

/// Reads "class x y width height" lines; a line of three or more points ("class x1 y1 x2 y2 x3 y3 …", segmentation and
/// turned boxes) gives the box around them. Lines with fewer or an even number of fields, a class of `class_count` or
/// more, or numbers outside of [0, 1] are reported and left out. Never throws for the text.
std::vector<YoloBox> parse_yolo_labels(std::string_view text, std::size_t class_count,
                                       const YoloProblemHandler& on_problem);

/// data.yaml: where the pictures of each split lie, and the classes.
struct YoloData {
  std::string path;                                        ///< as written; empty where it is not
  std::map<std::string, std::vector<std::string>> splits;  ///< train, val, test: folders or lists of pictures
  std::vector<std::string> names;
};

/// Throws Error(input, subject) where names are missing, have holes or contradict `nc`.
YoloData parse_yolo_data(std::string_view yaml, const std::string& subject);

}  // namespace vitral
