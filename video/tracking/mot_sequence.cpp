#include "video/tracking/mot_sequence.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "common/core/assignment.h"
#include "common/core/error.h"

namespace vitral {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kSameObject = 0.5;  // the overlap from which a result is on a box

// Classes of MOTChallenge's ground truth.
constexpr int kPedestrian = 1, kPersonOnVehicle = 2, kOtherVehicle = 6, kStatue = 7, kDistractor = 8, kReflection = 12;

bool is_distractor(int class_id, MotRules rules) {
  return class_id == kPersonOnVehicle || class_id == kStatue || class_id == kDistractor || class_id == kReflection ||
         (class_id == kOtherVehicle && rules == MotRules::mot20);
}

bool counts(const MotRow& row, MotRules rules) {
  return row.confidence != 0 && (rules == MotRules::all || row.class_id == kPedestrian);
}

RowMajorMatrix similarities(std::span<const Box> truth, std::span<const Box> tracks) {
  const auto has_no_area = [](const Box& box) { return box.area() <= kEpsilon; };
  return RowMajorMatrix::NullaryExpr(static_cast<Eigen::Index>(truth.size()), static_cast<Eigen::Index>(tracks.size()),
                                     [&](Eigen::Index row, Eigen::Index col) {
                                       const Box &a = truth[row], &b = tracks[col];
                                       return has_no_area(a) || has_no_area(b) ? 0.0 : iou(a, b);
                                     });
}

std::vector<Box> boxes_of(std::span<const MotRow> rows) {
  std::vector<Box> boxes;
  for (const auto& row : rows) boxes.push_back(row.box);
  return boxes;
}

/// True for each result that is, by the best assignment, on a box that would have to be left alone.
std::vector<bool> on_distractors(std::span<const MotRow> truth, std::span<const MotRow> results, MotRules rules) {
  std::vector<bool> found(results.size());
  if (rules == MotRules::all) return found;
  const RowMajorMatrix similarity = similarities(boxes_of(truth), boxes_of(results));
  const RowMajorMatrix score = (similarity.array() < kSameObject - kEpsilon).select(0.0, similarity);
  for (const auto& [row, col] : linear_assignment(score, /*maximize=*/true)) {
    if (score(row, col) > kEpsilon && is_distractor(truth[row].class_id, rules)) found[col] = true;
  }
  return found;
}

/// The rows of the next frame, which are taken off the front of `rows`.
std::span<const MotRow> take_frame(std::span<const MotRow>& rows, std::int64_t frame) {
  std::size_t count = 0;
  while (count < rows.size() && rows[count].frame == frame) ++count;
  const auto taken = rows.first(count);
  rows = rows.subspan(count);
  return taken;
}

/// Numbers ids by rising value, in place, and counts the frames that each is in.
std::vector<std::size_t> renumber(std::vector<MotFrame>& frames, std::vector<Eigen::Index> MotFrame::*member) {
  std::map<Eigen::Index, Eigen::Index> numbers;
  for (const auto& frame : frames) {
    for (const Eigen::Index id : frame.*member) numbers.emplace(id, 0);
  }
  Eigen::Index next = 0;
  for (auto& [id, number] : numbers) number = next++;
  std::vector<std::size_t> lengths(numbers.size());
  for (auto& frame : frames) {
    for (Eigen::Index& id : frame.*member) {
      id = numbers[id];
      ++lengths[static_cast<std::size_t>(id)];
    }
  }
  return lengths;
}

MotFrame pair_frame(std::span<const MotRow> truth, std::span<const MotRow> results, MotRules rules) {
  const std::vector<bool> left_out = on_distractors(truth, results, rules);
  MotFrame frame;
  for (const auto& row : truth) {
    if (!counts(row, rules)) continue;
    frame.truth.push_back(row.id);
    frame.truth_boxes.push_back(row.box);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (left_out[i]) continue;
    frame.tracks.push_back(results[i].id);
    frame.track_boxes.push_back(results[i].box);
  }
  return frame;
}

}  // namespace

RowMajorMatrix MotFrame::similarity() const {
  return similarities(truth_boxes, track_boxes);
}

MotSequence pair_up(std::span<const MotRow> truth, std::span<const MotRow> results, std::int64_t frames, MotRules rules,
                    std::string_view subject) {
  const std::int64_t last =
      std::max(truth.empty() ? 0 : truth.back().frame, results.empty() ? 0 : results.back().frame);
  if (frames > 0 && last > frames) {
    throw Error(ErrorKind::input, subject,
                "names frame " + std::to_string(last) + ", the sequence has " + std::to_string(frames));
  }
  MotSequence sequence;
  while (!truth.empty() || !results.empty()) {
    const std::int64_t frame = truth.empty()     ? results.front().frame
                               : results.empty() ? truth.front().frame
                                                 : std::min(truth.front().frame, results.front().frame);
    const auto truth_here = take_frame(truth, frame), results_here = take_frame(results, frame);
    sequence.frames.push_back(pair_frame(truth_here, results_here, rules));
    sequence.truth_boxes += sequence.frames.back().truth.size();
    sequence.track_boxes += sequence.frames.back().tracks.size();
  }
  sequence.truth_lengths = renumber(sequence.frames, &MotFrame::truth);
  sequence.track_lengths = renumber(sequence.frames, &MotFrame::tracks);
  return sequence;
}

}  // namespace vitral
