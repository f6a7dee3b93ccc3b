/// What single frames of a fixed camera suggest to be people: OpenCV's HOG people detector (Dalal and Triggs 2005) and
/// its background subtraction (Zivkovic 2004).
#pragma once

#include <memory>
#include <vector>

#include "common/image/image.h"
#include "video/people/agreement.h"

namespace vitral::video {

struct PeopleOptions {
  double enlarge = 1.5;                      ///< before the detector, whose people are 128 pixels high or more
  double hog_threshold = 0.0;                ///< distance from the detector's plane
  double least_foreground = 0.25;            ///< share of a person's box that differs from the background
  int least_height = 40, most_height = 220;  ///< of a person in pixels
};

/// Frames come twice: all of them to learn() the background, then all of them to find(). Deterministic; not
/// thread-safe.
class PeopleFinder {
 public:
  explicit PeopleFinder(const PeopleOptions& options = {});
  ~PeopleFinder();
  void learn(const image::Image& frame);
  std::vector<PersonCandidate> find(const image::Image& frame);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitral::video
