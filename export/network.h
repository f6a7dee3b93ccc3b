/// A loaded network as an ONNX graph.
#pragma once

#include "common/runtime/loader.h"
#include "export/graph.h"

namespace vitral::onnx {

struct ExportOptions {
  std::int64_t batch = 1;              ///< pictures at a time, where the batch is not open
  bool dynamic = false;                ///< any number of pictures at a time
  std::array<std::int64_t, 2> size{};  ///< {height, width} of the input
  std::uint64_t seed = 0;              ///< of the pictures that the network is traced with
};

/// Height and width of the input: what the record says, or, where the pictures' shape decides, `wanted` or 640 x 640.
std::array<std::int64_t, 2> input_size(const LoadedModel& model, std::optional<std::array<std::int64_t, 2>> wanted);

/// What the network gives for pictures, by the names that `vitral forward` writes: `logits`, of detectors `logits` and
/// `boxes`. Batches have no padding.
NamedTensors outputs_of(const LoadedModel& model, const at::Tensor& images);

/// The graph of a network that was not prepared (LoadedModel::prepare). Input `images` fp32 [B, C, H, W], normalised;
/// outputs as `outputs_of`. Metadata are those of a native checkpoint.
/// Throws Error(usage) for networks whose outputs are final detections, Error(failed) as lower().
Graph graph_of(const LoadedModel& model, const ExportOptions& options);

}  // namespace vitral::onnx
