/// One patch, which a team lays into its row.
#pragma once

#include "common/core/error.h"
#include "common/kernels/cuda/patches.h"
#include "common/kernels/cuda/team.h"

namespace vitral::kernels::cuda {
namespace {

template <class T>
struct PatchesRow {
  PatchesArgs args;

  VITRAL_INLINE std::int64_t count() const {
    return args.batch * (args.height / args.patch) * (args.width / args.patch);
  }

  template <class Team>
  VITRAL_INLINE void operator()(const Team& team, std::int64_t place) const {
    const std::int64_t wide = args.width / args.patch, high = args.height / args.patch;
    const std::int64_t left = place % wide * args.patch, top = place / wide % high * args.patch;
    const std::uint8_t* picture = args.pictures + place / wide / high * args.picture_stride;
    const std::uint8_t* corner = picture + top * args.row_stride + 3 * left;
    T* out = static_cast<T*>(args.out) + place * args.out_stride;
    const auto side = static_cast<std::uint32_t>(args.patch);
    team.for_each(3 * args.patch * args.patch, [&](std::int64_t i) VITRAL_INLINE_LAMBDA {
      const auto at = static_cast<std::uint32_t>(i);
      const std::uint32_t x = at % side, y = at / side % side, channel = at / side / side;
      out[i] = from_float<T>(normalised(corner[y * args.row_stride + 3 * x + channel], channel));
    });
  }

 private:
  /// Three roundings, as on the CPU: a division is none that a multiply-add could take in.
  VITRAL_INLINE float normalised(std::uint8_t level, std::uint32_t channel) const {
    const Normalization& by = args.normalization;
    return (static_cast<float>(level) / by.divisor - by.mean[channel]) / by.std[channel];
  }
};

/// f(the function of this number format), of arguments that it checks.
template <class F>
void with_patches(const PatchesArgs& args, const F& f) {
  const auto refuse = [](const char* message) { throw Error(ErrorKind::failed, "patch embedding", message); };
  if (args.pictures == nullptr || args.out == nullptr) refuse("an operand is missing");
  if (args.batch < 0 || args.height < 0 || args.width < 0) refuse("a size is negative");
  if (args.patch < 1 || args.patch > kMostPatchSide) refuse("a patch without a size, or one too large");
  if (args.height % args.patch != 0 || args.width % args.patch != 0) refuse("the picture is not made of patches");
  with_number(args.dtype, [&](auto number) { f(PatchesRow<decltype(number)>{args}); });
}

}  // namespace
}  // namespace vitral::kernels::cuda
