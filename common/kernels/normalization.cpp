#include "common/kernels/normalization.h"

#include <algorithm>

#include "common/core/preprocess.h"

namespace vitral::kernels {

Normalization normalization_of(const Preprocess& preprocess) {
  Normalization by;
  by.divisor = preprocess.rescale ? 255.0F : 1.0F;
  std::copy(preprocess.mean.begin(), preprocess.mean.end(), by.mean);
  std::copy(preprocess.std.begin(), preprocess.std.end(), by.std);
  by.bgr = preprocess.bgr;
  return by;
}

}  // namespace vitral::kernels
