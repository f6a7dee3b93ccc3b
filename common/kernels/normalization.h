/// From 8-bit levels to what a network takes.
#pragma once

namespace vitral {
struct Preprocess;
}

namespace vitral::kernels {

/// (level / divisor - mean) / std, each operation rounded to float as Python's libraries do it.
struct Normalization {
  float divisor = 255.0F;
  float mean[3] = {0, 0, 0};  ///< of red, green and blue, whatever the order of the channels
  float std[3] = {1, 1, 1};
  bool bgr = false;  ///< the first channel that comes out is blue
};

/// What a network's Preprocess says of it.
Normalization normalization_of(const Preprocess& preprocess);

}  // namespace vitral::kernels
