/// One patch, which a team lays into its row.
#pragma once

#include "common/core/error.h"
#include "common/kernels/cuda/patches.h"
#include "common/kernels/cuda/team.h"

namespace vitral::kernels::cuda {
namespace {

/// Three roundings, as on the CPU: a division is none that a multiply-add could take in.
/// `pixel`: its red, green and blue; `channel`: which one of the network's.
VITRAL_INLINE float normalised(const Normalization& by, const std::uint8_t* pixel, std::uint32_t channel) {
  const std::uint32_t colour = by.bgr ? 2 - channel : channel;
  return (static_cast<float>(pixel[colour]) / by.divisor - by.mean[colour]) / by.std[colour];
}

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
      out[i] = from_float<T>(normalised(args.normalization, corner + y * args.row_stride + 3 * x, channel));
    });
  }
};

/// One number of patches of one pixel, which are the pictures' own order: a team would have three numbers to share.
template <class T>
struct PatchesPixel {
  PatchesArgs args;

  VITRAL_INLINE std::int64_t count() const { return 3 * args.batch * args.height * args.width; }

  VITRAL_INLINE void operator()(std::int64_t place) const {
    const std::int64_t pixel = place / 3, x = pixel % args.width, y = pixel / args.width % args.height;
    const auto channel = static_cast<std::uint32_t>(place % 3);
    const std::uint8_t* picture = args.pictures + pixel / args.width / args.height * args.picture_stride;
    static_cast<T*>(args.out)[pixel * args.out_stride + channel] =
        from_float<T>(normalised(args.normalization, picture + y * args.row_stride + 3 * x, channel));
  }
};

/// rows(the function of this number format that a team does), or numbers(the one without teams), of arguments that it
/// checks.
template <class Rows, class Numbers>
void with_patches(const PatchesArgs& args, const Rows& rows, const Numbers& numbers) {
  const auto refuse = [](const char* message) { throw Error(ErrorKind::failed, "patch embedding", message); };
  if (args.pictures == nullptr || args.out == nullptr) refuse("an operand is missing");
  if (args.batch < 0 || args.height < 0 || args.width < 0) refuse("a size is negative");
  if (args.patch < 1 || args.patch > kMostPatchSide) refuse("a patch without a size, or one too large");
  if (args.height % args.patch != 0 || args.width % args.patch != 0) refuse("the picture is not made of patches");
  with_number(args.dtype, [&](auto number) {
    using T = decltype(number);
    if (args.patch == 1) return numbers(PatchesPixel<T>{args});
    rows(PatchesRow<T>{args});
  });
}

}  // namespace
}  // namespace vitral::kernels::cuda
