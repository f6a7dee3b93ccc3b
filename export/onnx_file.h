/// ONNX files: a graph as protobuf's wire format (onnx.proto of github.com/onnx/onnx, ir_version 8, opset 17).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "export/graph.h"

namespace vitral::onnx {

/// Writes `graph`, whole or not at all. `version` is the producer's.
/// Throws Error(usage) where `path` exists and `overwrite` is false, Error(failed) where the file would have 2 GiB or
/// more, which protobuf can't hold.
void write(const Graph& graph, const std::filesystem::path& path, const std::string& version, bool overwrite);

/// The same as bytes.
std::string encode(const Graph& graph, const std::string& version);

/// Reads what `write` writes; other fields of the format are passed over, other storage of tensors is refused.
/// Throws Error(weights) naming the file, what was found and what was expected.
Graph read(const std::filesystem::path& path);

/// The same from bytes; `file` is for messages. Tensors are copies.
Graph decode(std::span<const std::byte> bytes, const std::string& file);

}  // namespace vitral::onnx
