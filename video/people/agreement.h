/// People in a video of a fixed camera: what single frames suggest, and what remains of it over time.
#pragma once

#include <cstddef>
#include <vector>

#include "common/core/box.h"

namespace vitral::video {

/// What one frame suggests.
struct PersonCandidate {
  Box box;                 ///< pixels
  bool is_person = false;  ///< a people detector said so; otherwise it only moves and has the shape
};

struct AgreementOptions {
  double iou = 0.3;               ///< of boxes of one person in frames that follow
  std::size_t gap = 6;            ///< frames that a person may be missed in between
  std::size_t least_frames = 12;  ///< candidates of a person in all
  double least_confirmed = 0.2;   ///< share of them that the detector must have seen as a person
  std::size_t smooth = 2;         ///< frames before and after that a box is averaged with
};

/// The boxes of each frame. Candidates are linked from frame to frame, best overlap first; chains that are long enough
/// and confirmed often enough are people, with the frames between filled in evenly. Still people and passing shadows
/// drop out.
std::vector<std::vector<Box>> agree_over_time(const std::vector<std::vector<PersonCandidate>>& frames,
                                              const AgreementOptions& options = {});

}  // namespace vitral::video
