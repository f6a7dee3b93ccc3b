#include "common/nn/two_faces.h"

namespace vitral::nn {

at::ScalarType scalar_type(Precision precision) {
  switch (precision) {
    case Precision::bf16: return at::kBFloat16;
    case Precision::fp16: return at::kHalf;
    case Precision::fp32: break;
  }
  return at::kFloat;
}

}  // namespace vitral::nn
