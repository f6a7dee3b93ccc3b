/// One sequence's ground truth and results side by side, frame by frame: what the tracking metrics look at.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "video/tracking/mot_file.h"

namespace vitral {

/// What of the ground truth counts.
enum class MotRules {
  all,    ///< every box whose confidence is not 0, whatever its class (MOT15, and data of one's own)
  mot17,  ///< MOT16 and MOT17: pedestrians only; results on people in vehicles, statues, reflections are taken out
          ///< first
  mot20,  ///< the same, and results on other vehicles are taken out too
};

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct MotFrame {
  std::vector<Eigen::Index> truth, tracks;  ///< numbers of the objects and tracks in this frame, 0 … count - 1
  std::vector<Box> truth_boxes, track_boxes;

  /// [truth, tracks] intersection over union. Computed anew each time: a sequence of crowds would not fit into memory.
  RowMajorMatrix similarity() const;
};

struct MotSequence {
  std::vector<MotFrame> frames;                           ///< those that have boxes: the others change no score
  std::vector<std::size_t> truth_lengths, track_lengths;  ///< in how many frames each object and each track is
  std::size_t truth_boxes = 0, track_boxes = 0;           ///< boxes in all frames
};

/// Pairs the rows of a sequence of `frames` frames (0: of any number), given as read_mot gives them with
/// MotContent::tracks. The rules are TrackEval's (MotChallenge2DBox). Throws Error(input, subject) where a row lies
/// beyond `frames`.
MotSequence pair_up(std::span<const MotRow> truth, std::span<const MotRow> results, std::int64_t frames, MotRules rules,
                    std::string_view subject);

}  // namespace vitral
