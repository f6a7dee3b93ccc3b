#include "video/tracking/box_filter.h"

namespace vitral {
namespace {

using Values = Eigen::Array4d;

constexpr double kPositionNoise = 1.0 / 20, kVelocityNoise = 1.0 / 160;  // shares of the height

/// Squares of deviations: a share of the height, but an absolute one for the aspect ratio, which has no unit.
Values variance(double of_lengths, double of_ratio) {
  return Values(of_lengths, of_lengths, of_ratio, of_lengths).square();
}

Values measured(const Box& box) {
  const double width = box.width(), height = box.height();
  return {box.xmin + width / 2, box.ymin + height / 2, width / height, height};
}

}  // namespace

BoxFilter::BoxFilter(const Box& box)
    : position_(measured(box)),
      position_variance_(variance(2 * kPositionNoise * position_[3], 1e-2)),
      velocity_variance_(variance(10 * kVelocityNoise * position_[3], 1e-5)) {}

void BoxFilter::predict() {
  const double height = position_[3];
  position_ += velocity_;
  const Values moved = covariance_ + velocity_variance_;
  position_variance_ = position_variance_ + covariance_ + moved + variance(kPositionNoise * height, 1e-2);
  covariance_ = moved;
  velocity_variance_ += variance(kVelocityNoise * height, 1e-5);
}

void BoxFilter::update(const Box& box) {
  const Values surprise = measured(box) - position_;
  const Values expected = position_variance_ + variance(kPositionNoise * position_[3], 1e-1);
  const Values position_gain = position_variance_ / expected, velocity_gain = covariance_ / expected;
  position_ += position_gain * surprise;
  velocity_ += velocity_gain * surprise;
  position_variance_ -= position_gain * expected * position_gain;
  covariance_ -= position_gain * expected * velocity_gain;
  velocity_variance_ -= velocity_gain * expected * velocity_gain;
}

Box BoxFilter::box() const {
  const double height = position_[3], width = position_[2] * height;
  const double left = position_[0] - width / 2, top = position_[1] - height / 2;
  return {left, top, left + width, top + height};
}

}  // namespace vitral
