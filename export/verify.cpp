#include "export/verify.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/core/error.h"
#include "export/onnx_file.h"
#include "export/runner.h"

namespace vitral::onnx {
namespace {

constexpr std::int64_t kBatchSizes = 4;  // that are tried in turn where the batch is open

void compare(const NamedTensors& own, const NamedTensors& read, std::vector<OutputError>& errors) {
  if (own.size() != read.size()) throw Error(ErrorKind::gate, "--verify", "the file has another number of outputs");
  errors.resize(own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto& [name, expected] = own[i];
    const auto& found = read[i].second;
    errors[i].output = name;
    if (read[i].first != name || found.sizes() != expected.sizes()) {
      throw Error(ErrorKind::gate, "--verify", "output " + name + " has another name or shape in the file");
    }
    const auto a = expected.to(at::kDouble), b = found.to(at::kDouble);
    const double difference = (a - b).abs().max().item<double>(), largest = a.abs().max().item<double>();
    const bool finite = std::isfinite(difference);
    const double relative = largest > 0 ? difference / largest : difference;
    errors[i].max_abs = finite ? std::max(errors[i].max_abs, difference) : std::numeric_limits<double>::infinity();
    errors[i].relative = finite ? std::max(errors[i].relative, relative) : std::numeric_limits<double>::infinity();
  }
}

}  // namespace

std::vector<OutputError> verify(const LoadedModel& model, const std::filesystem::path& file,
                                const ExportOptions& options, std::int64_t count) {
  const at::NoGradGuard no_grad;
  const auto graph = read(file);
  // Other pictures than those of the traces.
  auto random = at::detail::createCPUGenerator(~options.seed);
  std::vector<OutputError> errors;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto batch = options.dynamic ? 1 + i % kBatchSizes : options.batch;
    const auto images = at::randn({batch, model.record.in_chans, options.size[0], options.size[1]}, random);
    compare(outputs_of(model, images), run(graph, images), errors);
  }
  return errors;
}

}  // namespace vitral::onnx
