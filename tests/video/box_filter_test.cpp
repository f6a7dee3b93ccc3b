#include "video/tracking/box_filter.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>

namespace vitral {
namespace {

using Vector8 = Eigen::Matrix<double, 8, 1>;
using Matrix8 = Eigen::Matrix<double, 8, 8>;

/// The textbook filter with its whole 8x8 covariance.
class WholeFilter {
 public:
  explicit WholeFilter(const Eigen::Vector4d& z) {
    mean_ << z, Eigen::Vector4d::Zero();
    covariance_ = noise(z[3], 2.0 / 20, 1e-2, 10.0 / 160, 1e-5).asDiagonal();
  }
  void predict() {
    Matrix8 motion = Matrix8::Identity();
    motion.topRightCorner<4, 4>().setIdentity();
    const Matrix8 added = noise(mean_[3], 1.0 / 20, 1e-2, 1.0 / 160, 1e-5).asDiagonal();
    mean_ = motion * mean_;
    covariance_ = motion * covariance_ * motion.transpose() + added;
  }
  void update(const Eigen::Vector4d& z) {
    Eigen::Matrix4d expected = covariance_.topLeftCorner<4, 4>();
    expected.diagonal() += noise(mean_[3], 1.0 / 20, 1e-1, 0, 0).head<4>();
    const Eigen::Matrix<double, 8, 4> gain = covariance_.leftCols<4>() * expected.inverse();
    mean_ += gain * (z - mean_.head<4>());
    covariance_ -= (gain * expected * gain.transpose()).eval();
  }
  void stop_growing() { mean_[7] = 0; }
  Eigen::Vector4d box() const { return mean_.head<4>(); }

 private:
  static Vector8 noise(double height, double position, double ratio, double velocity, double ratio_velocity) {
    Vector8 deviations;
    deviations << position * height, position * height, ratio, position * height, velocity * height, velocity * height,
        ratio_velocity, velocity * height;
    return deviations.cwiseAbs2();
  }
  Vector8 mean_;
  Matrix8 covariance_;
};

Eigen::Vector4d values(const Box& box) {
  return {(box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2, box.width() / box.height(), box.height()};
}

TEST(BoxFilter, EqualsTheWholeFilter) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  Box seen{100, 50, 140, 150};
  BoxFilter filter(seen);
  WholeFilter whole(values(seen));
  for (int frame = 0; frame < 300; ++frame) {
    const bool lost = frame / 20 % 3 == 2;
    if (lost) {
      filter.stop_growing();
      whole.stop_growing();
    }
    filter.predict();
    whole.predict();
    if (!lost) {
      const double x = 3 + normal(random), y = normal(random), growth = normal(random) / 2;
      seen = {seen.xmin + x, seen.ymin + y, seen.xmax + x + growth, seen.ymax + y + growth};
      filter.update(seen);
      whole.update(values(seen));
    }
    ASSERT_LT((values(filter.box()) - whole.box()).cwiseAbs().maxCoeff(), 1e-9) << "frame " << frame;
  }
}

TEST(BoxFilter, LearnsASteadySpeed) {
  BoxFilter filter({0, 0, 40, 80});
  for (int frame = 1; frame <= 60; ++frame) {
    filter.predict();
    filter.update({5.0 * frame, -2.0 * frame, 5.0 * frame + 40, -2.0 * frame + 80});
  }
  for (int frame = 61; frame <= 65; ++frame) filter.predict();
  EXPECT_NEAR(filter.box().xmin, 5 * 65, 1.0);
  EXPECT_NEAR(filter.box().ymin, -2 * 65, 1.0);
  EXPECT_NEAR(filter.box().width(), 40, 0.1);
}

}  // namespace
}  // namespace vitral
