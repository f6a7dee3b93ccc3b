#include "common/nn/resize.h"

#include <ATen/ops/empty.h>
#include <c10/core/DeviceGuard.h>

#include <algorithm>

#include "common/core/error.h"
#include "common/nn/cuda_stream.h"

namespace vitral::nn {
namespace {

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorKind::failed, "resize", message);
}

void check(const at::Tensor& levels, const ResizeAxis& columns, const ResizeAxis& rows) {
  if (levels.scalar_type() != at::kByte || levels.dim() != 3 || levels.size(2) != 3) refuse("uint8 [H, W, 3] expected");
  const auto inside = [](const ResizeAxis& axis, std::int64_t inputs) {
    return axis.first >= 0 && axis.extent >= 1 && axis.first <= inputs - axis.extent;
  };
  if (!inside(rows, levels.size(0)) || !inside(columns, levels.size(1))) refuse("an axis leaves the picture");
  for (const auto* axis : {&columns, &rows}) {
    const bool fits =
        !axis->table.defined() || (axis->table.numel() == axis->outputs * (2 + axis->taps) &&
                                   axis->table.scalar_type() == at::kInt && axis->table.device() == levels.device());
    if (!fits) refuse("a table is not where the picture is, or of another size");
  }
}

kernels::ConstPixelRows rows_of(const at::Tensor& levels) {
  return {levels.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(levels.stride(0))};
}

/// The picture's rows and columns that the axes take: what both passes begin with. Its rows have gaps, its pixels none.
at::Tensor taken(const at::Tensor& levels, const ResizeAxis& columns, const ResizeAxis& rows) {
  return levels.contiguous().narrow(0, rows.first, rows.extent).narrow(1, columns.first, columns.extent);
}

/// Both passes in their order; one whose inputs are its outputs is none.
template <class AlongColumns, class AlongRows>
at::Tensor in_order(at::Tensor x, const ResizeAxis& columns, const ResizeAxis& rows, bool rows_first,
                    const AlongColumns& along_columns, const AlongRows& along_rows) {
  for (const bool now_rows : {rows_first, !rows_first}) {
    const auto& axis = now_rows ? rows : columns;
    if (axis.table.defined()) x = now_rows ? along_rows(x, axis) : along_columns(x, axis);
  }
  return x.contiguous();
}

kernels::cuda::ResampleTable on_device(const ResizeAxis& axis) {
  const auto* const numbers = axis.table.const_data_ptr<std::int32_t>();
  return {static_cast<std::int32_t>(axis.outputs), static_cast<std::int32_t>(axis.taps), numbers,
          numbers + axis.outputs, numbers + 2 * axis.outputs};
}

kernels::ResampleWeights on_host(const ResizeAxis& axis) {
  const auto* const numbers = axis.table.const_data_ptr<std::int32_t>();
  const auto *const counts = numbers + axis.outputs, *const weights = counts + axis.outputs;
  return {static_cast<int>(axis.taps), {numbers, counts}, {counts, weights}, {weights, numbers + axis.table.numel()}};
}

}  // namespace

ResizeAxis resize_axis(const kernels::ResampleAxis& axis) {
  const auto& weights = axis.weights;
  ResizeAxis result{axis.first, axis.extent, axis.changes ? weights.outputs() : axis.extent, weights.taps, {}};
  if (!axis.changes) return result;
  result.table = at::empty({result.outputs * (2 + result.taps)}, at::kInt);
  auto* to = result.table.mutable_data_ptr<std::int32_t>();
  for (const auto* numbers : {&weights.first, &weights.count, &weights.weights}) {
    to = std::copy(numbers->begin(), numbers->end(), to);
  }
  return result;
}

at::Tensor resized(const at::Tensor& levels, const ResizeAxis& columns, const ResizeAxis& rows, bool rows_first) {
  check(levels, columns, rows);
  if (!has_cuda_kernels(levels)) {
    if (!levels.is_cpu()) refuse("there is no kernel for this device");
    return resized_plain(levels, columns, rows, rows_first);
  }
  const c10::DeviceGuard guard(levels.device());
  const auto stream = stream_of(levels);
  const auto along_columns = [&](const at::Tensor& x, const ResizeAxis& axis) {
    auto y = at::empty({x.size(0), axis.outputs, 3}, x.options());
    kernels::cuda::resample_columns(rows_of(x), static_cast<int>(x.size(0)), on_device(axis),
                                    {y.mutable_data_ptr<std::uint8_t>(), static_cast<std::size_t>(y.stride(0))},
                                    stream);
    return y;
  };
  const auto along_rows = [&](const at::Tensor& x, const ResizeAxis& axis) {
    auto y = at::empty({axis.outputs, x.size(1), 3}, x.options());
    kernels::cuda::resample_rows(rows_of(x), static_cast<int>(3 * x.size(1)), on_device(axis),
                                 {y.mutable_data_ptr<std::uint8_t>(), static_cast<std::size_t>(y.stride(0))}, stream);
    return y;
  };
  return in_order(taken(levels, columns, rows), columns, rows, rows_first, along_columns, along_rows);
}

at::Tensor resized_plain(const at::Tensor& levels, const ResizeAxis& columns, const ResizeAxis& rows, bool rows_first) {
  check(levels, columns, rows);
  if (!levels.is_cpu()) refuse("the plain twin is the CPU's");
  const auto along_columns = [](const at::Tensor& x, const ResizeAxis& axis) {
    const std::int64_t stride = 3 * axis.outputs + static_cast<std::int64_t>(kernels::kRowSlack);
    const auto memory = at::empty({x.size(0), stride}, x.options());
    kernels::resample_columns(rows_of(x), static_cast<int>(x.size(0)), on_host(axis),
                              {memory.mutable_data_ptr<std::uint8_t>(), static_cast<std::size_t>(stride)});
    return memory.as_strided({x.size(0), axis.outputs, 3}, {stride, 3, 1});
  };
  const auto along_rows = [](const at::Tensor& x, const ResizeAxis& axis) {
    auto y = at::empty({axis.outputs, x.size(1), 3}, x.options());
    kernels::resample_rows(rows_of(x), static_cast<int>(3 * x.size(1)), on_host(axis),
                           {y.mutable_data_ptr<std::uint8_t>(), static_cast<std::size_t>(y.stride(0))});
    return y;
  };
  return in_order(taken(levels, columns, rows), columns, rows, rows_first, along_columns, along_rows);
}

}  // namespace vitral::nn
