/// Key maps applied to tensors.
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "common/core/text.h"
#include "common/weights/state_dict.h"

namespace vitral::weights {
namespace {

/// One tensor on its way, and its name for errors.
struct Item {
  const std::string& name;
  at::Tensor tensor;

  [[noreturn]] void refuse(std::string_view expected) const {
    throw Error(ErrorKind::weights, printable(name, 200),
                "has the shape " + describe_shape(tensor.sizes()) + ", expected " + std::string(expected));
  }
  void expect_rank(std::int64_t rank, std::string_view shape) const {
    if (tensor.dim() != rank) refuse(shape);
  }
};

std::int64_t square_root(std::int64_t n) {
  return std::llround(std::sqrt(static_cast<double>(n)));
}

at::Tensor forward(const Item& item, Transform transform) {
  const at::Tensor& x = item.tensor;
  switch (transform) {
    case Transform::none:
      return x;
    case Transform::transpose:
      item.expect_rank(2, "[in, out]");
      return x.t();
    case Transform::conv_hwio:
      item.expect_rank(4, "[h, w, in, out]");
      return x.permute({3, 2, 0, 1});
    case Transform::heads_in:
      item.expect_rank(3, "[D, H, Dh]");
      return x.flatten(1).t();
    case Transform::heads_out:
      item.expect_rank(3, "[H, Dh, D]");
      return x.flatten(0, 1).t();
    case Transform::heads_bias:
      item.expect_rank(2, "[H, Dh]");
      return x.flatten();
    case Transform::lead_one:
      return x.unsqueeze(0);
    case Transform::patch_conv: {
      item.expect_rank(2, "[D, 3·P·P]");
      const std::int64_t side = square_root(x.size(1) / 3);
      if (3 * side * side != x.size(1)) item.refuse("[D, 3·P·P]");
      return x.reshape({x.size(0), 3, side, side});
    }
    case Transform::token_grid: {
      item.expect_rank(3, "[1, n·n, C]");
      const std::int64_t side = square_root(x.size(1));
      if (side * side != x.size(1)) item.refuse("[1, n·n, C]");
      return x.transpose(1, 2).reshape({x.size(0), x.size(2), side, side});
    }
    case Transform::negate:
      return x.neg();
    case Transform::flip_in:
      if (x.dim() < 2) item.refuse("[out, in, …]");
      return x.flip(1);
  }
  return x;
}

std::int64_t head_size(const Item& item, std::int64_t dimension, std::int64_t heads) {
  if (heads <= 0)
    throw Error(ErrorKind::failed, printable(item.name, 200), "can't be turned back without the number of heads");
  if (dimension >= item.tensor.dim() || item.tensor.size(dimension) % heads != 0)
    item.refuse("a multiple of the heads");
  return item.tensor.size(dimension) / heads;
}

at::Tensor backward(const Item& item, Transform transform, std::int64_t heads) {
  const at::Tensor& x = item.tensor;
  switch (transform) {
    case Transform::none:
      return x;
    case Transform::transpose:
      item.expect_rank(2, "[out, in]");
      return x.t();
    case Transform::conv_hwio:
      item.expect_rank(4, "[out, in, h, w]");
      return x.permute({2, 3, 1, 0});
    case Transform::heads_in: {
      item.expect_rank(2, "[H·Dh, D]");
      const std::int64_t size = head_size(item, 0, heads);
      return x.t().reshape({x.size(1), heads, size});
    }
    case Transform::heads_out: {
      item.expect_rank(2, "[D, H·Dh]");
      const std::int64_t size = head_size(item, 1, heads);
      return x.t().reshape({heads, size, x.size(0)});
    }
    case Transform::heads_bias: {
      item.expect_rank(1, "[H·Dh]");
      const std::int64_t size = head_size(item, 0, heads);
      return x.reshape({heads, size});
    }
    case Transform::lead_one:
      if (x.dim() == 0 || x.size(0) != 1) item.refuse("[1, …]");
      return x.squeeze(0);
    case Transform::patch_conv:
      item.expect_rank(4, "[D, 3, P, P]");
      return x.flatten(1);
    case Transform::token_grid:
      item.expect_rank(4, "[1, C, n, n]");
      return x.flatten(2).transpose(1, 2);
    case Transform::negate:
    case Transform::flip_in:
      return forward(item, transform);
  }
  return x;
}

/// The sources, transformed and put together along dimension 0; empty names become zeros like the first real one.
at::Tensor gather(const Step& step, const StateDict& state) {
  std::vector<at::Tensor> parts;
  at::Tensor model;
  for (const auto& source : step.sources) {
    if (!source.empty()) {
      const Item item{source, state[source]};
      parts.push_back(step.undo ? item.tensor : forward(item, step.transform));
      if (!model.defined()) model = parts.back();
    } else {
      parts.emplace_back();
    }
  }
  if (parts.size() == 1) return parts.front();
  for (auto& part : parts) {
    if (!part.defined()) part = at::zeros_like(model);
    if (part.dim() == 0 || part.sizes().slice(1) != model.sizes().slice(1) ||
        part.scalar_type() != model.scalar_type()) {
      Item{step.sources.front(), part}.refuse("parts that fit together");
    }
  }
  return at::cat(parts, 0);
}

}  // namespace

StateDict apply(const Plan& plan, const StateDict& state, std::int64_t heads) {
  StateDict result;
  for (const auto& step : plan.steps) {
    const at::Tensor whole = gather(step, state);
    const auto parts = static_cast<std::int64_t>(step.targets.size());
    if (parts > 1 && (whole.dim() == 0 || whole.size(0) % parts != 0)) {
      Item{step.sources.front(), whole}.refuse("rows in " + std::to_string(parts) + " equal parts");
    }
    for (std::int64_t i = 0; i < parts; ++i) {
      const std::string& target = step.targets[static_cast<std::size_t>(i)];
      if (target.empty()) continue;
      const std::int64_t rows = parts > 1 ? whole.size(0) / parts : 0;
      at::Tensor part = parts > 1 ? whole.narrow(0, i * rows, rows) : whole;
      if (step.undo) part = backward({target, part}, step.transform, heads);
      result.insert(target, part.contiguous());
    }
  }
  return result;
}

}  // namespace vitral::weights
