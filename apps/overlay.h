/// Maps of numbers laid over pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/core/preprocess.h"
#include "common/image/image.h"

namespace vitral::apps {

/// The picture that a network's input shows. input: fp32 [3, H, W] on the CPU, prepared as `preprocess` says.
image::Image view_of(const at::Tensor& input, const Preprocess& preprocess);

/// `map` [rows, columns], smoothed to the picture's size, in colours from its least to its largest number, `opacity` of
/// them over the picture.
image::Image overlay(const image::Image& picture, const at::Tensor& map, double opacity = 0.6);

}  // namespace vitral::apps
