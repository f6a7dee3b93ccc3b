// The GPU's functions, thread after thread on the host.
#include "common/kernels/cuda/activation_part.h"
#include "common/kernels/cuda/attention_block.h"
#include "common/kernels/cuda/deformable_channel.h"
#include "common/kernels/cuda/deformable_sample.h"
#include "common/kernels/cuda/layer_norm_row.h"
#include "common/kernels/cuda/nms_word.h"
#include "common/kernels/cuda/patches_row.h"
#include "common/kernels/cuda/resize_byte.h"
#include "common/kernels/cuda/roi_align.h"
#include "common/kernels/cuda/roi_align_bin.h"

namespace vitral::kernels::cuda {

void deformable_on_host(const DeformableArgs& args) {
  with_channel(args, [](const auto& channel) { on_host(channel.count(), channel); });
}

void roi_align_on_host(const RoiAlignArgs& args) {
  const RoiAlignBin bin{args};
  on_host(bin.count(), bin);
}

void nms_on_host(const NmsArgs& args) {
  const NmsWord word{args};
  on_host(word.count(), word);
  for (std::int64_t i = 0; i < args.count; ++i) {
    args.stays[i] = args.usable[i];
    for (std::int64_t j = 0; j < i && args.stays[i]; ++j) {
      if (args.stays[j] && has_bit(args.bits + j * args.words(), i)) args.stays[i] = false;
    }
  }
}

void layer_norm_on_host(const LayerNormArgs& args, const RowPlaces& places) {
  with_row(args, places, [](const auto& row) { teams_on_host(row.count(), row); });
}

void bias_activation_on_host(const BiasActivationArgs& args) {
  with_part(args, [](const auto& part) { teams_on_host(part.count(), part); });
}

void patches_on_host(const PatchesArgs& args) {
  with_patches(
      args, [](const auto& row) { teams_on_host(row.count(), row); },
      [](const auto& number) { on_host(number.count(), number); });
}

void attention_on_host(const AttentionArgs& args) {
  with_block(args, [](const auto& block) { blocks_on_host(block); });
}

void resample_columns_on_host(ConstPixelRows from, int rows, const ResampleTable& table, PixelRows to) {
  const ResampleColumnsByte byte{from, rows, table, to};
  on_host(byte.count(), byte);
}

void resample_rows_on_host(ConstPixelRows from, int row_bytes, const ResampleTable& table, PixelRows to) {
  const ResampleRowsByte byte{from, row_bytes, table, to};
  on_host(byte.count(), byte);
}

void deformable_backward_on_host(const DeformableBackwardArgs& args) {
  with_sample(args, [](const auto& sample) { teams_on_host(sample.count(), sample); });
}

}  // namespace vitral::kernels::cuda
