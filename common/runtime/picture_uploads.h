/// Decoded pictures on their way to where a network runs: 8-bit levels, a quarter of the floats' bytes, resized there
/// where that can be done bit for bit.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <tuple>

#include "common/core/preprocess.h"
#include "common/core/task.h"
#include "common/nn/resize.h"
#include "common/nn/size_cache.h"
#include "common/runtime/gpu.h"

namespace vitral {

/// All functions may be called from several threads at once.
class PictureUploads {
 public:
  /// Whether such networks may be given levels: not where floats are resized, nor, without a mask, where padding is 0
  /// behind normalising.
  static bool serve(const Preprocess& preprocess, Task task);

  /// `gpu` may be null, see open_gpu(); pictures then wait on the CPU for the network.
  PictureUploads(const Preprocess& preprocess, const at::Device& device, std::shared_ptr<Gpu> gpu);

  /// Whether pictures are resized there: Pillow's rules, with kernels for the device. Else they come resized.
  bool resizes() const { return resizes_; }

  /// Rows of RGB without gaps, [placement.source_height, placement.source_width, 3] -> the levels
  /// [placement.height, placement.width, 3] that the CPU would make of them. Needs resizes(). Nothing where the GPU has
  /// no room for it.
  std::shared_ptr<const Upload> resized(const std::uint8_t* rgb, const Placement& placement) const;

  /// Levels [height, width, 3] without gaps as they are. Where the GPU has no room they stay on the CPU, for the batch
  /// that they belong to says what was too large.
  std::shared_ptr<const Upload> as_they_are(const std::uint8_t* rgb, std::int64_t height, std::int64_t width) const;

 private:
  /// An axis, and its table where the pictures arrive.
  struct UploadedAxis {
    nn::ResizeAxis axis;
    std::shared_ptr<const Upload> table;
    nn::ResizeAxis there() const;
  };
  using AxisKey = std::tuple<int, int, int, int>;  ///< inputs, outputs, the window's first and its size
  std::shared_ptr<const UploadedAxis> axis(int inputs, int outputs, int begin, int count) const;

  Preprocess preprocess_;
  at::Device device_;
  std::shared_ptr<Gpu> gpu_;
  bool resizes_ = false;
  static constexpr std::size_t kMostAxes = 128;
  mutable nn::SizeCache<AxisKey, UploadedAxis, kMostAxes> axes_;
};

}  // namespace vitral
