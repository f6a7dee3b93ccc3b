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

/// A dot for each sample, the larger the more it weighs, into `picture`. locations [..., 2], x and y from 0 to 1 of the
/// picture, and their weights [...].
void draw_samples(image::Image& picture, const at::Tensor& locations, const at::Tensor& weights);

}  // namespace vitral::apps
