/// Which inputs the passes of Pillow's resize take, with which weights, and which pass comes first.
#pragma once

#include <vector>

#include "common/core/preprocess.h"
#include "common/kernels/resize.h"

namespace vitral::kernels {

/// One direction of a resize: which inputs the window needs, and the weights counted from the first of them.
struct ResampleAxis {
  int first = 0, extent = 0;
  bool changes = false;     ///< false: the inputs are the outputs, and there are no weights
  ResampleWeights weights;  ///< of `nearest` one input each
};

/// For outputs [begin, begin + count) of `outputs` that `inputs` are resized to; all sizes at least 1.
ResampleAxis resample_axis(int inputs, int outputs, Interpolation filter, int begin, int count);

/// Inputs of outputs [begin, begin + count) for the nearest filter: the position is summed up from 0 on, not
/// multiplied, as Pillow does it (the two differ where a position falls on an integer).
std::vector<int> nearest_inputs(int inputs, int outputs, int begin, int count);

/// Which pass comes first shows in the last bit: both round. Pillow 13 begins with the rows of pictures that lose more
/// than twice as many rows as columns; older ones always began with the columns.
bool rows_come_first(int from_width, int from_height, int to_width, int to_height);

}  // namespace vitral::kernels
