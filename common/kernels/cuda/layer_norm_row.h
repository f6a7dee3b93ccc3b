/// One row that a team adds up and normalises.
#pragma once

#include <cmath>

#include "common/core/error.h"
#include "common/kernels/cuda/layer_norm.h"
#include "common/kernels/cuda/team.h"

namespace vitral::kernels::cuda {
namespace {

/// A stream of format X, updates and results of format T.
template <class X, class T>
struct LayerNormRow {
  LayerNormArgs args;
  RowPlaces places;

  VITRAL_INLINE std::int64_t count() const { return args.rows; }

  template <class Team>
  VITRAL_INLINE void operator()(const Team& team, std::int64_t row) const {
    if (args.update != nullptr) add_update(team, row);
    const std::int64_t to = places.of(row);
    if (to < 0) return;
    const auto count = static_cast<float>(args.width);
    const float mean = team.sum(args.width, [&](std::int64_t i) VITRAL_INLINE_LAMBDA { return value(row, i); }) / count;
    // The mean first, then the deviations from it: channels with large means lose no digits.
    const float squares = team.sum(args.width, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      const float deviation = value(row, i) - mean;
      return deviation * deviation;
    });
    const float scale = 1.0F / ::sqrtf(squares / count + args.eps);
    T* out = static_cast<T*>(args.out) + to * args.out_stride;
    team.for_each(args.width, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      const float weight = args.weight != nullptr ? args.weight[i] : 1.0F;
      const float bias = args.bias != nullptr ? args.bias[i] : 0.0F;
      out[i] = from_float<T>((value(row, i) - mean) * scale * weight + bias);
    });
  }

 private:
  template <class Team>
  VITRAL_INLINE void add_update(const Team& team, std::int64_t row) const {
    const X* input = static_cast<const X*>(args.input) + row * args.input_stride;
    const T* update = static_cast<const T*>(args.update) + row * args.update_stride;
    X* sum = static_cast<X*>(args.sum) + row * args.sum_stride;
    team.for_each(args.width, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      sum[i] = from_float<X>(to_float(input[i]) + to_float(update[i]));
    });
  }

  /// What is normalised: with an update the sum as it was stored.
  VITRAL_INLINE float value(std::int64_t row, std::int64_t i) const {
    if (args.update != nullptr) return to_float(static_cast<const X*>(args.sum)[row * args.sum_stride + i]);
    const X* input = static_cast<const X*>(args.input);
    if (args.gather == nullptr) return to_float(input[row * args.input_stride + i]);
    const auto piece_width = static_cast<std::uint32_t>(args.width / args.pieces), at = static_cast<std::uint32_t>(i);
    const std::int64_t from = args.gather[row * args.pieces + at / piece_width];
    return from < 0 ? 0.0F : to_float(input[from * args.input_stride + at % piece_width]);
  }
};

/// f(the function of these number formats), of arguments that it checks.
template <class F>
void with_row(const LayerNormArgs& args, const RowPlaces& places, const F& f) {
  check_layer_norm(args);
  if (places.place != nullptr && (places.rows < 1 || places.outputs < 0 || args.rows % places.rows != 0)) {
    throw Error(ErrorKind::failed, "layer norm", "the rows are not pictures of the table's");
  }
  with_number(args.dtype, [&](auto number) {
    using T = decltype(number);
    if (args.stream == args.dtype) return f(LayerNormRow<T, T>{args, places});
    f(LayerNormRow<float, T>{args, places});
  });
}

}  // namespace
}  // namespace vitral::kernels::cuda
