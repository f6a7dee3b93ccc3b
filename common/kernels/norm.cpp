#include "common/kernels/norm.h"

#include <cmath>
#include <vector>

#include "common/core/error.h"
#include "common/kernels/element.h"
#include "common/kernels/isa.h"

namespace vitral::kernels {
namespace {

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorKind::failed, "layer norm", message);
}

}  // namespace

void check_layer_norm(const LayerNormArgs& args) {
  if (args.rows < 0 || args.width < 1) refuse("no rows or no columns");
  if (args.input == nullptr || args.out == nullptr) refuse("an operand is missing");
  if (args.stream != DType::f32 && args.stream != args.dtype) refuse("the stream is neither fp32 nor like the output");
  if (args.update != nullptr && args.sum == nullptr) refuse("an update needs a place for the sum");
  if (args.update != nullptr && args.gather != nullptr) refuse("gathered rows take no update");
  if (args.pieces < 1 || args.pieces > kMaxNormPieces || args.width % args.pieces != 0) refuse("pieces do not fit");
  if (args.gather == nullptr && args.pieces != 1) refuse("pieces without a table");
}

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
