/// A moving average of the weights (Polyak and Juditsky 1992; Tan and Le 2019 for its use here).
#pragma once

#include <torch/nn/module.h>

#include "common/weights/state_dict.h"

namespace vitral::train {

/// Averages every floating-point parameter and buffer; others are copied.
class Ema {
 public:
  /// Starts at the module's present values. `decay`: 0.9998 or so. Early steps decay less, min(decay, (1 + t) / (10 +
  /// t)).
  Ema(torch::nn::Module& module, double decay);

  /// After step `step`, counted from 1.
  void update(std::int64_t step);
  /// The averages, sharing memory.
  const weights::StateDict& state() const { return averages_; }
  void load(const weights::StateDict& state, const std::string& subject);

  /// While it lives the module holds the averages, and this object the module's own values.
  class Swapped {
   public:
    explicit Swapped(Ema* ema) : ema_(ema) { swap(); }
    ~Swapped() { swap(); }
    Swapped(const Swapped&) = delete;
    Swapped& operator=(const Swapped&) = delete;

   private:
    void swap();
    Ema* ema_;
  };

 private:
  weights::StateDict averages_, values_;
  double decay_;
};

}  // namespace vitral::train
