#include "apps/collate.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace vitral::apps {
namespace {

/// {height, width} that all inputs fit into.
std::pair<std::int64_t, std::int64_t> largest(std::span<const PreparedInput* const> inputs) {
  std::int64_t height = 0, width = 0;
  for (const auto* input : inputs) {
    height = std::max<std::int64_t>(height, input->placement.height);
    width = std::max<std::int64_t>(width, input->placement.width);
  }
  return {height, width};
}

}  // namespace

at::Tensor stacked_images(std::span<const PreparedInput* const> inputs) {
  const auto [height, width] = largest(inputs);
  auto images = at::zeros({static_cast<std::int64_t>(inputs.size()), 3, height, width});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& place = inputs[i]->placement;
    images[static_cast<std::int64_t>(i)]
        .narrow(1, 0, place.height)
        .narrow(2, 0, place.width)
        .copy_(at::from_blob(const_cast<float*>(inputs[i]->chw.data()), {3, place.height, place.width}));
  }
  return images;
}

at::Tensor padding_mask(std::span<const PreparedInput* const> inputs) {
  const auto [height, width] = largest(inputs);
  auto mask = at::full({static_cast<std::int64_t>(inputs.size()), height, width}, true, at::kBool);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& place = inputs[i]->placement;
    mask[static_cast<std::int64_t>(i)]
        .narrow(0, place.content_top(), place.content_height())
        .narrow(1, place.content_left(), place.content_width())
        .fill_(false);
  }
  return mask;
}

PictureBatch collate(std::span<const PreparedInput* const> inputs) {
  const auto [height, width] = largest(inputs);
  const std::int64_t rows = height, columns = width;  // clang: lambdas capture no structured bindings
  const bool padded = std::any_of(inputs.begin(), inputs.end(), [&](const PreparedInput* input) {
    return input->placement.content_height() != rows || input->placement.content_width() != columns;
  });
  return {stacked_images(inputs), padded ? padding_mask(inputs) : at::Tensor()};
}

}  // namespace vitral::apps
