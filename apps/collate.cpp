#include "apps/collate.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <exception>

#include "common/runtime/cuda_words.h"

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

/// The levels of the inputs, all on one device: a GPU where one of them is there.
std::vector<at::Tensor> arrived(std::span<const PreparedInput* const> inputs) {
  std::vector<at::Tensor> levels;
  for (const auto* input : inputs) levels.push_back(input->levels->wait());
  const auto on_gpu = std::find_if(levels.begin(), levels.end(), [](const at::Tensor& each) { return !each.is_cpu(); });
  if (on_gpu == levels.end()) return levels;
  const auto device = on_gpu->device();
  for (auto& each : levels) each = each.to(device);
  return levels;
}

at::Tensor stacked(const std::vector<at::Tensor>& levels, std::int64_t height, std::int64_t width) {
  if (levels.size() == 1) return levels.front().unsqueeze(0);
  const auto fills = [&](const at::Tensor& each) { return each.size(0) == height && each.size(1) == width; };
  if (std::all_of(levels.begin(), levels.end(), fills)) return at::stack(levels);
  auto images = at::zeros({static_cast<std::int64_t>(levels.size()), height, width, 3}, levels.front().options());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto& each = levels[i];
    images[static_cast<std::int64_t>(i)].narrow(0, 0, each.size(0)).narrow(1, 0, each.size(1)).copy_(each);
  }
  return images;
}

at::Tensor stacked_levels(std::span<const PreparedInput* const> inputs, std::int64_t height, std::int64_t width) {
  try {
    return stacked(arrived(inputs), height, width);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
  }
  // Whoever runs the network with them says what was too large.
  std::vector<at::Tensor> here;
  for (const auto* input : inputs) here.push_back(input->levels->wait().cpu());
  return stacked(here, height, width);
}

}  // namespace

at::Tensor stacked_images(std::span<const PreparedInput* const> inputs) {
  const auto [height, width] = largest(inputs);
  if (!inputs.empty() && inputs.front()->levels) return stacked_levels(inputs, height, width);
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
