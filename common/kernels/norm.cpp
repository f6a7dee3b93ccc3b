#include "common/kernels/norm.h"

#include <cmath>
#include <vector>

#include "common/kernels/element.h"
#include "common/kernels/isa.h"

namespace vitral::kernels {

void layer_norm(const LayerNormArgs& args, std::int64_t begin, std::int64_t end, const CpuFeatures& cpu) {
  choose_isa(args.dtype, cpu).layer_norm(args, begin, end);
}

void layer_norm_reference(const LayerNormArgs& args) {
  const std::int64_t piece_width = args.width / args.pieces;
  std::vector<double> x(static_cast<std::size_t>(args.width));
  for (std::int64_t row = 0; row < args.rows; ++row) {
    double mean = 0;
    for (std::int64_t i = 0; i < args.width; ++i) {
      double& value = x[static_cast<std::size_t>(i)];
      const std::int64_t piece = i / piece_width;
      const std::int64_t from = args.gather != nullptr ? args.gather[row * args.pieces + piece] : row;
      value = from < 0 ? 0 : element(args.input, args.stream, from * args.input_stride + i % piece_width);
      if (args.update != nullptr) {
        const std::int64_t at = row * args.sum_stride + i;
        set_element(args.sum, args.stream, at, value + element(args.update, args.dtype, row * args.update_stride + i));
        value = element(args.sum, args.stream, at);
      }
      mean += value / static_cast<double>(args.width);
    }
    double variance = 0;
    for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(args.width);
    const double scale = 1 / std::sqrt(variance + static_cast<double>(args.eps));
    for (std::int64_t i = 0; i < args.width; ++i) {
      const double weight = args.weight != nullptr ? args.weight[i] : 1;
      const double bias = args.bias != nullptr ? args.bias[i] : 0;
      set_element(args.out, args.dtype, row * args.out_stride + i,
                  (x[static_cast<std::size_t>(i)] - mean) * scale * weight + bias);
    }
  }
}

}  // namespace vitral::kernels
