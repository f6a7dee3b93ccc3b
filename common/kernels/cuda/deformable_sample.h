/// One sample of one query's head, whose gradient a team computes: its members share out the channels.
#pragma once

#include "common/core/error.h"
#include "common/kernels/cuda/deformable_backward.h"
#include "common/kernels/cuda/level_sizes.h"
#include "common/kernels/cuda/team.h"
#include "common/kernels/deformable_taps.h"

namespace vitral::kernels::cuda {
namespace {

/// Others may add to the same place at the same time.
VITRAL_INLINE void add_to(float* place, float x) {
#ifdef __CUDA_ARCH__
  atomicAdd(place, x);
#else
  *place += x;
#endif
}

template <class T>
struct DeformableSample {
  explicit DeformableSample(const DeformableBackwardArgs& from) : args(from), levels(from.forward) {}
  DeformableBackwardArgs args;
  LevelSizes levels;

  VITRAL_INLINE std::int64_t count() const {
    const DeformableArgs& f = args.forward;
    return f.batch * f.queries * f.heads * f.levels * f.points;
  }

  template <class Team>
  VITRAL_INLINE void operator()(const Team& team, std::int64_t place) const {
    const DeformableArgs& f = args.forward;
    const std::int64_t level = place / f.points % f.levels, head_of_row = place / f.points / f.levels;
    const std::int64_t head = head_of_row % f.heads, row = head_of_row / f.heads, stride = f.heads * f.dim;
    const Map map = {levels.height(level), levels.width(level),
                     (row / f.queries * f.tokens + levels.begin(level)) * stride + head * f.dim};
    const T* grad = static_cast<const T*>(args.grad_out) + row * stride + head * f.dim;
    const float weight = f.weights[place];
    const float x = f.locations[2 * place] * static_cast<float>(map.width);
    const float y = f.locations[2 * place + 1] * static_cast<float>(map.height);
    Gradient gradient;
    if (f.nearest) {
      const std::int64_t cell = nearest_pixel(y, map.height) * map.width + nearest_pixel(x, map.width);
      gradient.weight = visit(team, map.first + cell * stride, grad, weight);
    } else {
      gradient = bilinear(team, map, x - 0.5F, y - 0.5F, grad, weight);
    }
    team.for_each(1, [&](std::int64_t) VITRAL_INLINE_LAMBDA {
      args.grad_weights[place] = gradient.weight;
      args.grad_locations[2 * place] = gradient.x * weight * static_cast<float>(map.width);
      args.grad_locations[2 * place + 1] = gradient.y * weight * static_cast<float>(map.height);
    });
  }

 private:
  struct Map {
    std::int64_t height, width, first;  ///< first: where this head of its first token lies
  };
  /// By the weight, and by the place in pixels for a weight of one.
  struct Gradient {
    float weight = 0, x = 0, y = 0;
  };

  /// Adds the output's gradient, times `share`, to that of the pixel's channels; returns what the pixel contributes to
  /// the output's direction.
  template <class Team>
  VITRAL_INLINE float visit(const Team& team, std::int64_t pixel, const T* grad, float share) const {
    const T* value = static_cast<const T*>(args.forward.value) + pixel;
    float* grad_value = args.grad_value + pixel;
    return team.sum(args.forward.dim, [&](std::int64_t channel) VITRAL_INLINE_LAMBDA {
      const float g = to_float(grad[channel]);
      add_to(grad_value + channel, share * g);
      return g * to_float(value[channel]);
    });
  }

  /// The four pixels around (x, y), those that exist; see for_each_bilinear.
  template <class Team>
  VITRAL_INLINE Gradient bilinear(const Team& team, const Map& map, float x, float y, const T* grad,
                                  float weight) const {
    Gradient sum;
    const bool near = x > -1.0F && y > -1.0F && x < static_cast<float>(map.width) && y < static_cast<float>(map.height);
    if (!near) return sum;
    const float left = floor_of(x), top = floor_of(y);
    const std::int64_t stride = args.forward.heads * args.forward.dim;
    for (int corner = 0; corner < 4; ++corner) {
      const int right = corner % 2, low = corner / 2;
      const std::int64_t column = static_cast<std::int64_t>(left) + right, line = static_cast<std::int64_t>(top) + low;
      if (column < 0 || column >= map.width || line < 0 || line >= map.height) continue;
      const float wide = right != 0 ? x - left : 1 - (x - left), high = low != 0 ? y - top : 1 - (y - top);
      const float product = visit(team, map.first + (line * map.width + column) * stride, grad, weight * wide * high);
      sum.weight += product * wide * high;
      sum.x += right != 0 ? product * high : -product * high;
      sum.y += low != 0 ? product * wide : -product * wide;
    }
    return sum;
  }
};

/// f(the function of this number format), of arguments that it checks.
template <class F>
void with_sample(const DeformableBackwardArgs& args, const F& f) {
  DeformableArgs forward = args.forward;
  forward.out = args.grad_value;  // takes no output
  check_deformable(forward);
  if (args.grad_out == nullptr || args.grad_locations == nullptr || args.grad_weights == nullptr) {
    throw Error(ErrorKind::failed, "deformable attention", "a gradient is missing");
  }
  with_number(args.forward.dtype, [&](auto number) { f(DeformableSample<decltype(number)>(args)); });
}

}  // namespace
}  // namespace vitral::kernels::cuda
