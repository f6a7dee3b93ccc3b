/// One channel of what one query's head gathers.
#pragma once

#include "common/core/error.h"
#include "common/kernels/cuda/deformable.h"
#include "common/kernels/deformable_taps.h"

namespace vitral::kernels::cuda {
namespace {

template <class T>
struct DeformableChannel {
  explicit DeformableChannel(const DeformableArgs& from) : args(from) {
    if (args.levels > kMostDeformableLevels) throw Error(ErrorKind::failed, "deformable attention", "too many levels");
    for (std::int64_t i = 0; i < 2 * args.levels; ++i) sizes[i] = from.sizes[i];
  }
  DeformableArgs args;
  std::int64_t sizes[2 * kMostDeformableLevels];  ///< by value: what args.sizes points to is the host's

  VITRAL_INLINE std::int64_t count() const { return args.batch * args.queries * args.heads * args.dim; }

  /// Neighbouring places are channels of one head, which lie side by side in the tokens.
  VITRAL_INLINE void operator()(std::int64_t place) const {
    const std::int64_t samples = args.levels * args.points, stride = args.heads * args.dim;
    const std::int64_t channel = place % args.dim, head = place / args.dim % args.heads, row = place / stride;
    const std::int64_t first = (row * args.heads + head) * samples;
    const T* picture = static_cast<const T*>(args.value) + row / args.queries * args.tokens * stride;
    DeformableArgs here = args;
    here.sizes = sizes;
    float sum = 0;
    for_each_tap(here, picture + head * args.dim + channel, args.locations + 2 * first, args.weights + first,
                 [&sum](const T* pixel, float weight) VITRAL_INLINE_LAMBDA { sum += to_float(*pixel) * weight; });
    static_cast<T*>(args.out)[place] = from_float<T>(sum);
  }
};

/// f(the function of this number format).
template <class F>
void with_channel(const DeformableArgs& args, const F& f) {
  switch (args.dtype) {
    case DType::f32:
      return f(DeformableChannel<float>(args));
    case DType::bf16:
      return f(DeformableChannel<Bf16>(args));
    case DType::f16:
      return f(DeformableChannel<Half>(args));
  }
}

}  // namespace
}  // namespace vitral::kernels::cuda
