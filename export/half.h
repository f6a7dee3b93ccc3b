/// A graph that computes in fp16 where that costs no range.
#pragma once

#include "export/graph.h"

namespace vitral::onnx {

/// The same graph with weights, products, sums and what lies between them in fp16. Norms, softmax, divisions and all
/// that divides, takes roots or exponents stay in fp32; batch norms behind a convolution become part of it. Inputs and
/// outputs of the graph stay fp32. Throws Error(usage) for a network that chooses queries by their scores: rounded ones
/// have another order.
Graph halved(Graph graph);

}  // namespace vitral::onnx
