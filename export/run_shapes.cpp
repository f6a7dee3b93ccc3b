// ONNX's operators that move numbers and compute none.
#include <ATen/ATen.h>

#include "export/runner.h"

namespace vitral::onnx {
namespace {

std::vector<at::Tensor> identity(const Step& step) {
  return {step.in(0)};
}

std::vector<at::Tensor> cast(const Step& step) {
  switch (step.integer("to", 0)) {
    case 1:
      return {step.in(0).to(at::kFloat)};
    case 2:
      return {step.in(0).to(at::kByte)};
    case 6:
      return {step.in(0).to(at::kInt)};
    case 7:
      return {step.in(0).to(at::kLong)};
    case 9:
      return {step.in(0).to(at::kBool)};
    case 10:
      return {step.in(0).to(at::kHalf)};
    case 11:
      return {step.in(0).to(at::kDouble)};
    default:
      step.fail("casts to an unknown type");
  }
}

std::vector<at::Tensor> concat(const Step& step) {
  return {at::cat(step.inputs, step.integer("axis", 0))};
}

/// 0 keeps a size, -1 is what remains.
std::vector<at::Tensor> reshape(const Step& step) {
  auto sizes = step.list(1);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) sizes[i] = step.in(0).size(static_cast<std::int64_t>(i));
  }
  return {step.in(0).reshape(sizes)};
}

std::vector<at::Tensor> transpose(const Step& step) {
  return {step.in(0).permute(step.integers("perm"))};
}

std::vector<at::Tensor> expand(const Step& step) {
  const auto sizes = step.list(1);
  return {at::broadcast_tensors({step.in(0), at::empty({1}).expand(sizes)})[0]};
}

std::vector<at::Tensor> tile(const Step& step) {
  return {step.in(0).repeat(step.list(1))};
}

std::vector<at::Tensor> unsqueeze(const Step& step) {
  auto x = step.in(0);
  for (const auto axis : step.list(1)) x = x.unsqueeze(axis);
  return {x};
}

std::vector<at::Tensor> shape(const Step& step) {
  return {at::tensor(step.in(0).sizes(), at::kLong)};
}

std::vector<at::Tensor> constant_of_shape(const Step& step) {
  const auto value = step.node.attributes.find("value");
  const auto* tensor = value == step.node.attributes.end() ? nullptr : std::get_if<at::Tensor>(&value->second);
  if (tensor == nullptr || tensor->numel() != 1) step.fail("has no value");
  return {tensor->flatten().expand(step.list(0)).contiguous()};
}

/// Indices of any shape take the place of the axis.
std::vector<at::Tensor> gather(const Step& step) {
  const auto& x = step.in(0);
  const auto& indices = step.in(1);
  auto axis = step.integer("axis", 0);
  if (axis < 0) axis += x.dim();
  auto sizes = x.sizes().vec();
  sizes.erase(sizes.begin() + axis);
  sizes.insert(sizes.begin() + axis, indices.sizes().begin(), indices.sizes().end());
  return {x.index_select(axis, indices.to(at::kLong).flatten()).reshape(sizes)};
}

std::vector<at::Tensor> gather_elements(const Step& step) {
  return {at::gather(step.in(0), step.integer("axis", 0), step.in(1).to(at::kLong))};
}

std::vector<at::Tensor> slice(const Step& step) {
  auto x = step.in(0);
  const auto begins = step.list(1), ends = step.list(2), axes = step.list(3), steps = step.list(4);
  if (ends.size() != begins.size() || axes.size() != begins.size() || steps.size() != begins.size())
    step.fail("has lists of unlike length");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == -1 && begins[i] == -1) {
      x = x.flip(axes[i]);
    } else {
      x = x.slice(axes[i], begins[i], ends[i], steps[i]);
    }
  }
  return {x};
}

std::vector<at::Tensor> pad(const Step& step) {
  const auto pads = step.list(1);
  const auto rank = static_cast<std::size_t>(step.in(0).dim());
  if (pads.size() != 2 * rank)
    step.fail("has " + std::to_string(pads.size()) + " numbers, expected " + std::to_string(2 * rank));
  std::vector<std::int64_t> given;
  for (std::size_t i = rank; i-- > 0;) given.insert(given.end(), {pads[i], pads[rank + i]});
  return {at::constant_pad_nd(step.in(0), given, step.has(2) ? step.in(2).item() : at::Scalar(0))};
}

}  // namespace

std::map<std::string, Computed> shape_steps() {
  return {
      {"Identity", identity},   {"Cast", cast},
      {"Concat", concat},       {"Reshape", reshape},
      {"Transpose", transpose}, {"Expand", expand},
      {"Tile", tile},           {"Unsqueeze", unsqueeze},
      {"Shape", shape},         {"ConstantOfShape", constant_of_shape},
      {"Gather", gather},       {"GatherElements", gather_elements},
      {"Slice", slice},         {"Pad", pad},
  };
}

}  // namespace vitral::onnx
