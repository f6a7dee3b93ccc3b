#include "common/nn/level_projection.h"

#include <ATen/ops/linear.h>

#include "common/core/error.h"
#include "common/nn/pictures.h"

namespace vitral::nn {

at::Tensor LevelProjection::forward(const at::Tensor& levels, const Conv2dImpl& conv,
                                    const InferenceOptions& inference) {
  if (!inference.levels) {
    throw Error(ErrorKind::failed, "patch embedding", "was not told how 8-bit pictures are normalised");
  }
  const auto dtype = scalar_type(inference.precision);
  if (!weight_.defined()) {
    const auto folded = conv.folded();
    weight_ = folded.weight.flatten(1).to(levels.device(), dtype).contiguous();
    if (folded.bias.defined()) bias_ = folded.bias.to(levels.device(), dtype);
  }
  const auto rows = patch_rows(levels, *inference.levels, conv.options.kernel, dtype);
  return at::linear(rows, weight_, bias_).view({levels.size(0), -1, weight_.size(0)});
}

}  // namespace vitral::nn
