/// Keeps small gradients of fp16 from vanishing (Micikevicius et al. 2018, Mixed Precision Training, section 3.2).
#pragma once

#include <cstdint>

namespace vitral::train {

/// The rule of torch.amp.GradScaler: halved where a gradient overflows, doubled after `patience` steps without.
class LossScaler {
 public:
  double scale() const { return scale_; }
  /// After a step; `finite`: no gradient was infinite or NaN.
  void update(bool finite) {
    if (!finite) {
      scale_ /= 2;
      good_steps_ = 0;
    } else if (++good_steps_ == kPatience) {
      scale_ *= 2;
      good_steps_ = 0;
    }
  }
  std::int64_t good_steps() const { return good_steps_; }
  void restore(double scale, std::int64_t good_steps) {
    scale_ = scale;
    good_steps_ = good_steps;
  }

 private:
  static constexpr std::int64_t kPatience = 2000;
  double scale_ = 65536.0;
  std::int64_t good_steps_ = 0;
};

}  // namespace vitral::train
