/// From two traces of one network to its ONNX graph.
#pragma once

#include <string>
#include <vector>

#include "export/graph.h"
#include "export/trace.h"

namespace vitral::onnx {

/// `first` and `second` are the same network on pictures of other values, and of another batch size where the batch
/// shall stay open. What is equal in both is a constant of the file; what differs is computed in it. `parameters` names
/// tensors as the checkpoint does; `model` is for messages. Throws Error(failed) for an operator that has no entry in
/// the table, and where a value that differs comes from no operator, which a kernel of ours would be.
Graph lower(const Trace& first, const Trace& second, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
            const std::string& model);

}  // namespace vitral::onnx
