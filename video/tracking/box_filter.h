/// The Kalman filter that follows one box.
#pragma once

#include <Eigen/Core>

#include "common/core/box.h"

namespace vitral {

/// Constant velocity, one step a frame. The state is that of SORT and DeepSORT: centre x, centre y, aspect ratio
/// (width / height), height, and the velocity of each; noise in proportion to the height (Wojke et al. 2017; the
/// numbers are those of ByteTrack, Zhang et al. 2022).
///
/// All noise is independent, so the 8x8 covariance never holds more than what links each value to its own velocity: the
/// filter is four small ones side by side.
class BoxFilter {
 public:
  /// Starts at `box` with no velocity. Requires a height and a width above 0.
  explicit BoxFilter(const Box& box);

  /// One frame on.
  void predict();
  /// Corrects the prediction with what was seen.
  void update(const Box& box);
  /// Nothing was seen of late: the height stays as it is.
  void stop_growing() { velocity_[3] = 0.0; }

  Box box() const;

 private:
  using Values = Eigen::Array4d;  // of x, y, aspect ratio, height

  Values position_, velocity_ = Values::Zero();
  Values position_variance_, covariance_ = Values::Zero(), velocity_variance_;
};

}  // namespace vitral
