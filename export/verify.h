/// What a written file computes, against the network that it was written from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "export/network.h"

namespace vitral::onnx {

/// The largest difference of one output over all pictures.
struct OutputError {
  std::string output;
  double max_abs = 0;
  double relative = 0;  ///< to the largest value of the network's own output
};

/// Relative differences that a file may have.
constexpr double kTolerance = 1e-4, kHalfTolerance = 2e-2;

/// Reads `file` back and computes it on `count` random batches, normal numbers as the pictures; where the batch is
/// open, each with another batch size. Throws Error(weights) where the file can't be read.
std::vector<OutputError> verify(const LoadedModel& model, const std::filesystem::path& file,
                                const ExportOptions& options, std::int64_t count);

}  // namespace vitral::onnx
