/// One channel of what one query's head gathers.
#pragma once

#include "common/kernels/cuda/deformable.h"
#include "common/kernels/cuda/level_sizes.h"
#include "common/kernels/deformable_taps.h"

namespace vitral::kernels::cuda {
namespace {

template <class T>
struct DeformableChannel {
  explicit DeformableChannel(const DeformableArgs& from) : args(from), levels(from) {}
  DeformableArgs args;
  LevelSizes levels;

  VITRAL_INLINE std::int64_t count() const { return args.batch * args.queries * args.heads * args.dim; }

  /// Neighbouring places are channels of one head, which lie side by side in the tokens.
  VITRAL_INLINE void operator()(std::int64_t place) const {
    const std::int64_t samples = args.levels * args.points, stride = args.heads * args.dim;
    const std::int64_t channel = place % args.dim, head = place / args.dim % args.heads, row = place / stride;
    const std::int64_t first = (row * args.heads + head) * samples;
    const T* picture = static_cast<const T*>(args.value) + row / args.queries * args.tokens * stride;
    DeformableArgs here = args;
    here.sizes = levels.sizes;
    float sum = 0;
    for_each_tap(here, picture + head * args.dim + channel, args.locations + 2 * first, args.weights + first,
                 [&sum](const T* pixel, float weight) VITRAL_INLINE_LAMBDA { sum += to_float(*pixel) * weight; });
    static_cast<T*>(args.out)[place] = from_float<T>(sum);
  }
};

/// f(the function of this number format).
template <class F>
void with_channel(const DeformableArgs& args, const F& f) {
  with_number(args.dtype, [&](auto number) { f(DeformableChannel<decltype(number)>(args)); });
}

}  // namespace
}  // namespace vitral::kernels::cuda
