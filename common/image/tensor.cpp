#include "common/image/tensor.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "common/core/error.h"

namespace vitral::image {
namespace {

/// Writes one picture into planes [3, H, W] that may be larger than its input.
void write_into(const Preprocessor& preprocessor, const Image& picture, const Placement& placement, at::Tensor planes) {
  const auto count = static_cast<std::size_t>(placement.width) * static_cast<std::size_t>(placement.height) * 3;
  if (planes.size(1) == placement.height && planes.size(2) == placement.width) {
    return preprocessor.write(picture, placement, {planes.data_ptr<float>(), count});
  }
  std::vector<float> chw(count);
  preprocessor.write(picture, placement, chw);
  planes.narrow(1, 0, placement.height)
      .narrow(2, 0, placement.width)
      .copy_(at::from_blob(chw.data(), {3, placement.height, placement.width}, at::kFloat));
}

}  // namespace

Batch to_batch(const Preprocessor& preprocessor, std::span<const Image> pictures) {
  if (pictures.empty()) throw Error(ErrorKind::usage, "batch", "has no pictures");
  Batch batch;
  std::int64_t height = 0, width = 0;
  for (const Image& picture : pictures) {
    batch.placements.push_back(preprocessor.place(picture));
    height = std::max<std::int64_t>(height, batch.placements.back().height);
    width = std::max<std::int64_t>(width, batch.placements.back().width);
  }
  const auto count = static_cast<std::int64_t>(pictures.size());
  batch.images = at::zeros({count, 3, height, width}, at::kFloat);
  batch.mask = at::full({count, height, width}, true, at::kBool);
  batch.sizes = at::zeros({count, 2}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    const Placement& p = batch.placements[static_cast<std::size_t>(i)];
    write_into(preprocessor, pictures[static_cast<std::size_t>(i)], p, batch.images[i]);
    batch.mask[i]
        .narrow(0, p.content_top(), p.content_height())
        .narrow(1, p.content_left(), p.content_width())
        .fill_(false);
    batch.sizes[i][0] = p.source_height;
    batch.sizes[i][1] = p.source_width;
  }
  return batch;
}

}  // namespace vitral::image
