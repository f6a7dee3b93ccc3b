#include "datasets/collate.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "common/core/error.h"

namespace vitral {
namespace {

/// What each grey level of a channel becomes.
using Levels = std::array<float, 256>;

Levels levels_of(const Preprocess& spec, std::size_t channel) {
  Levels levels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const float value = spec.rescale ? static_cast<float>(i) / 255.0f : static_cast<float>(i);
    levels[i] = (value - spec.mean[channel]) / spec.std[channel];
  }
  return levels;
}

void write_planes(const image::Image& picture, const std::array<Levels, 3>& levels, bool bgr, at::Tensor to) {
  auto planes = to.accessor<float, 3>();
  for (int channel = 0; channel < 3; ++channel) {
    const Levels& table = levels[static_cast<std::size_t>(channel)];
    for (int y = 0; y < picture.height; ++y) {
      float* const row = planes[bgr ? 2 - channel : channel][y].data();
      const std::uint8_t* const from = picture.row(y) + channel;
      for (int x = 0; x < picture.width; ++x) row[x] = table[from[3 * x]];
    }
  }
}

void require_class(std::size_t index, std::size_t classes, const Sample& sample) {
  if (index < classes) return;
  throw Error(ErrorKind::input, sample.name,
              "has the class index " + std::to_string(index) + ", expected one below " + std::to_string(classes));
}

ObjectTensors objects_of(const Sample& sample, std::size_t classes) {
  std::vector<const Object*> kept;
  for (const auto& object : sample.objects) {
    require_class(object.class_index, classes, sample);
    if (!object.crowd) kept.push_back(&object);
  }
  const auto count = static_cast<std::int64_t>(kept.size());
  ObjectTensors tensors{at::empty({count}, at::kLong), at::empty({count, 4}), at::empty({count, 4})};
  auto labels = tensors.labels.accessor<std::int64_t, 1>();
  auto boxes = tensors.boxes.accessor<float, 2>(), normalised = tensors.normalised.accessor<float, 2>();
  const double width = sample.picture.width, height = sample.picture.height;
  for (std::int64_t i = 0; i < count; ++i) {
    const Box& box = kept[static_cast<std::size_t>(i)]->box;
    labels[i] = static_cast<std::int64_t>(kept[static_cast<std::size_t>(i)]->class_index);
    const double corners[] = {box.xmin, box.ymin, box.xmax, box.ymax};
    const double centre[] = {(box.xmin + box.xmax) / 2 / width, (box.ymin + box.ymax) / 2 / height, box.width() / width,
                             box.height() / height};
    for (int k = 0; k < 4; ++k) {
      boxes[i][k] = static_cast<float>(corners[k]);
      normalised[i][k] = static_cast<float>(centre[k]);
    }
  }
  return tensors;
}

}  // namespace

SampleBatch collate(std::span<const Sample> samples, std::size_t classes, const Preprocess& spec, bool pinned) {
  if (samples.empty()) throw Error(ErrorKind::usage, "collate", "there are no samples");
  const auto padded = [&](int side) -> std::int64_t {
    return (side + spec.pad_multiple - 1) / spec.pad_multiple * spec.pad_multiple;
  };
  std::int64_t height = 0, width = 0;
  for (const auto& sample : samples) {
    height = std::max(height, padded(sample.picture.height));
    width = std::max(width, padded(sample.picture.width));
  }
  const auto count = static_cast<std::int64_t>(samples.size());
  const auto options = at::TensorOptions().pinned_memory(pinned);
  SampleBatch batch{at::zeros({count, 3, height, width}, options),
                    at::ones({count, height, width}, options.dtype(at::kBool)),
                    at::empty({count, 2}, options.dtype(at::kLong)),
                    at::zeros({count, static_cast<std::int64_t>(classes)}, options),
                    {}};
  const std::array<Levels, 3> levels{levels_of(spec, 0), levels_of(spec, 1), levels_of(spec, 2)};
  auto shares = batch.shares.accessor<float, 2>();
  auto sizes = batch.sizes.accessor<std::int64_t, 2>();
  for (std::int64_t i = 0; i < count; ++i) {
    const Sample& sample = samples[static_cast<std::size_t>(i)];
    write_planes(sample.picture, levels, spec.bgr, batch.images[i]);
    batch.mask[i].narrow(0, 0, sample.picture.height).narrow(1, 0, sample.picture.width).fill_(false);
    sizes[i][0] = sample.picture.height;
    sizes[i][1] = sample.picture.width;
    for (const auto& entry : sample.classes) {
      require_class(entry.class_index, classes, sample);
      shares[i][static_cast<std::int64_t>(entry.class_index)] += static_cast<float>(entry.share);
    }
    batch.objects.push_back(objects_of(sample, classes));
  }
  return batch;
}

}  // namespace vitral
