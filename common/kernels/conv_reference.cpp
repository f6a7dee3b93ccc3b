#include "common/kernels/conv.h"
#include "common/kernels/element.h"

namespace vitral::kernels {
namespace {

double rounded(DType dtype, float x) {
  return static_cast<double>(dtype == DType::bf16 ? to_float(from_float<Bf16>(x)) : x);
}

double input_number(const ConvArgs& args, std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t channel) {
  const ConvShape& s = args.shape;
  const std::int64_t at = args.algorithm == ConvAlgorithm::few_channels
                              ? ((image * s.in_channels + channel) * s.height + y) * s.width + x
                              : ((image * s.height + y) * s.width + x) * s.in_channels + channel;
  return element(args.input, s.dtype, at);
}

/// The sum of products of one output number.
double products(const ConvArgs& args, const float* weight, std::int64_t image, std::int64_t y, std::int64_t x,
                std::int64_t out) {
  const ConvShape& s = args.shape;
  double sum = 0;
  for (std::int64_t ky = 0; ky < s.kernel; ++ky) {
    const std::int64_t in_y = y * s.stride - s.padding + ky * s.dilation;
    if (in_y < 0 || in_y >= s.height) continue;
    for (std::int64_t kx = 0; kx < s.kernel; ++kx) {
      const std::int64_t in_x = x * s.stride - s.padding + kx * s.dilation;
      if (in_x < 0 || in_x >= s.width) continue;
      for (std::int64_t c = 0; c < s.in_channels; ++c) {
        const float w = weight[((out * s.in_channels + c) * s.kernel + ky) * s.kernel + kx];
        sum += rounded(s.dtype, w) * input_number(args, image, in_y, in_x, c);
      }
    }
  }
  return sum;
}

}  // namespace

void conv_reference(const ConvArgs& args, const float* weight) {
  const ConvShape& s = args.shape;
  std::int64_t at = 0;
  for (std::int64_t image = 0; image < s.batch; ++image) {
    for (std::int64_t y = 0; y < s.out_height(); ++y) {
      for (std::int64_t x = 0; x < s.out_width(); ++x) {
        for (std::int64_t out = 0; out < s.out_channels; ++out, ++at) {
          double sum = products(args, weight, image, y, x, out) + static_cast<double>(args.bias[out]);
          if (args.residual != nullptr) sum += element(args.residual, s.dtype, at);
          set_element(args.out, s.dtype, at, activate_reference(args.activation, sum));
        }
      }
    }
  }
}

}  // namespace vitral::kernels
