/// What the GPU's module itself is made of: the functions of common/kernels/cuda that start kernels. Everybody else
/// calls those of the same names one namespace up, which go through the module's table (table.h).
#pragma once

#include <string>

#include "common/kernels/cuda/activation.h"
#include "common/kernels/cuda/attention.h"
#include "common/kernels/cuda/deformable.h"
#include "common/kernels/cuda/deformable_backward.h"
#include "common/kernels/cuda/layer_norm.h"
#include "common/kernels/cuda/nms.h"
#include "common/kernels/cuda/patches.h"
#include "common/kernels/cuda/resize.h"
#include "common/kernels/cuda/roi_align.h"

namespace vitral::kernels::cuda::device {

void attention(const AttentionArgs& args, Stream stream);
void bias_activation(const BiasActivationArgs& args, Stream stream);
void deformable(const DeformableArgs& args, Stream stream);
void deformable_backward(const DeformableBackwardArgs& args, Stream stream);
void layer_norm(const LayerNormArgs& args, const RowPlaces& places, Stream stream);
void nms(const NmsArgs& args, Stream stream);
void patches(const PatchesArgs& args, Stream stream);
void resample_columns(ConstPixelRows from, int rows, const ResampleTable& table, PixelRows to, Stream stream);
void resample_rows(ConstPixelRows from, int row_bytes, const ResampleTable& table, PixelRows to, Stream stream);
void roi_align(const RoiAlignArgs& args, Stream stream);

/// The version of the toolkit that this was compiled with, as CUDA counts: 13000 for 13.0.
int toolkit();

/// Why the module's kernels can't run on GPU `index`, in one line; empty where they can.
std::string device_problem(int index);

/// bias_activation on GPU `index` of arguments whose pointers are the host's and whose rows lie without gaps: copied
/// there and back. Throws Error(unavailable) with CUDA's own words where that fails.
void bias_activation_of_host(int index, const BiasActivationArgs& args);

}  // namespace vitral::kernels::cuda::device
