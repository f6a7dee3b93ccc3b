/// Samples made of several others.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/image/canvas.h"
#include "common/image/resize.h"
#include "datasets/dataset.h"
#include "datasets/transforms/transform.h"

namespace vitral {

/// share of `a` and 1 - share of `b`, rounded to grey levels; classes with their shares, objects of both (Zhang et al.
/// 2018). Throws Error(usage) where the sizes differ.
Sample mixup(Sample a, const Sample& b, double share);

/// `a` with the pixels of `b` inside `window`; class shares by area (Yun et al. 2019). For classification. Throws
/// Error(usage) where the sizes differ.
Sample cutmix(Sample a, const Sample& b, const image::Window& window);
/// A window of about 1 - share of the area, its centre anywhere, cut at the edges: timm's rule.
image::Window cutmix_window(int width, int height, double share, Rng& rng);

/// Changes a whole batch of samples of one size.
using BatchTransform = std::function<void(std::vector<Sample>& batch, Rng& rng)>;

struct MixOptions {
  double mixup_alpha = 0.8, cutmix_alpha = 1.0;  ///< of Beta(alpha, alpha); 0: never
  double probability = 1.0;                      ///< of mixing a batch at all
  double cutmix_probability = 0.5;               ///< of cutmix instead of mixup where both are on
};
/// Each sample with the one at the same place from the end, all with one share: timm's mode "batch".
BatchTransform mix_batch(const MixOptions& options);

struct MosaicOptions {
  int width = 640, height = 640;
  image::Color fill{114, 114, 114};
};
/// Four pictures around a random point in the middle half of the canvas, each fitted into the canvas' size first and
/// then cut at its edges (Bochkovskiy et al. 2020). Three come from `dataset` by chance. For detection.
Transform mosaic(std::shared_ptr<const Dataset> dataset, const MosaicOptions& options);

}  // namespace vitral
