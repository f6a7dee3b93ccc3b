/// MOTChallenge text: one box a line, `frame,id,left,top,width,height,confidence[,class[,visibility[,…]]]`
/// (motchallenge.net, "submission format"; Dendorfer et al. 2021, section 5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/box.h"

namespace vitral {

struct MotRow {
  std::int64_t frame = 0;  ///< from 1
  std::int64_t id = -1;    ///< -1: a detection, which has none
  Box box;
  double confidence = 0;  ///< of a detection; in ground truth 0 marks a box that is not to be evaluated
  int class_id = -1;      ///< 1: pedestrian; -1 where the line has none
};

enum class MotContent {
  detections,  ///< ids are not read
  tracks,      ///< results or ground truth: ids are 0 or more, each at most once in a frame
};

/// The last frame that a file may name: longer than four days at 25 frames a second.
inline constexpr std::int64_t kLastMotFrame = 10'000'000;

/// Rows by rising frame, in one frame in the order of the text, whose lines may have any order. Blank lines, blanks
/// around values and Windows' line ends are allowed; everything else that is no number is not. Throws Error(input,
/// subject) with the line's number: fewer than 7 or more than 10 values, a value that is no finite number, a frame
/// outside 1…kLastMotFrame, a negative width or height, a bad or repeated id.
std::vector<MotRow> parse_mot(std::string_view text, std::string_view subject, MotContent content);

/// The same from a file of at most 4 GiB.
std::vector<MotRow> read_mot(const std::filesystem::path& path, MotContent content);

/// One line of results, "frame,id,left,top,width,height,confidence,-1,-1,-1\n", to a millionth of a pixel.
std::string mot_line(const MotRow& row);

}  // namespace vitral
