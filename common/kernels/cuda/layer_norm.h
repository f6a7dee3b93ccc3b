/// Layer normalisation on a GPU, with the residual addition before it and Swin's partition behind it; see
/// common/kernels/norm.h.
#pragma once

#include "common/kernels/cuda/launch.h"
#include "common/kernels/norm.h"

namespace vitral::kernels::cuda {

/// Where the normalised rows go. Swin's windows (Liu et al. 2021, section 3.2) are such places: shift and partition of
/// each picture's map are a table, the sums stay in the map's order.
struct RowPlaces {
  const std::int32_t* place = nullptr;  ///< [rows], the same for every picture; -1: nowhere; null: all rows in order
  std::int64_t rows = 0;                ///< of one picture; LayerNormArgs::rows is a multiple of it
  std::int64_t outputs = 0;             ///< rows that one picture's output has, all places lie below it

  VITRAL_INLINE std::int64_t of(std::int64_t row) const {
    if (place == nullptr) return row;
    const std::int64_t at = place[row % rows];
    return at < 0 ? at : row / rows * outputs + at;
  }
};

/// All rows of arguments whose pointers are the GPU's: `sum` = input + update, `out` = its normalisation. Output rows
/// that are nobody's place are left as they are (padding, which the caller zeroes once).
/// Throws Error(failed) as check_layer_norm does, and for rows that are not pictures of places.rows.
void layer_norm(const LayerNormArgs& args, const RowPlaces& places, Stream stream);

/// The same by the same arithmetic on the host, for tests.
void layer_norm_on_host(const LayerNormArgs& args, const RowPlaces& places);

}  // namespace vitral::kernels::cuda
