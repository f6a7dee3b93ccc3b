#include "export/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>

#include "common/core/error.h"
#include "export/lowering.h"

namespace vitral::onnx {
namespace {

/// Batches to trace with where the batch is open. One picture would be a size that broadcasts.
constexpr std::int64_t kFirstBatch = 2, kSecondBatch = 3;
constexpr std::int64_t kUsualSide = 640;  // of detectors whose input follows the picture's shape

std::vector<std::pair<std::string, at::Tensor>> parameters_of(torch::nn::Module& module) {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const auto& item : module.named_parameters()) all.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) all.emplace_back(item.key(), item.value());
  return all;
}

void check_outputs(const LoadedModel& model, const NamedTensors& outputs) {
  for (const auto& [name, tensor] : outputs) {
    if (name == "logits" || name == "boxes") continue;
    throw Error(
        ErrorKind::usage, "model " + model.entry->name,
        "gives final detections, whose number depends on the picture; export writes classifiers and networks of the "
        "DETR family");
  }
}

}  // namespace

std::array<std::int64_t, 2> input_size(const LoadedModel& model, std::optional<std::array<std::int64_t, 2>> wanted) {
  if (model.record.height > 0) return {model.record.height, model.record.width};
  return wanted.value_or(std::array{kUsualSide, kUsualSide});
}

NamedTensors outputs_of(const LoadedModel& model, const at::Tensor& images) {
  if (model.entry->task == Task::classify) return {{"logits", model.classifier().forward(images)}};
  return model.detector().forward({images, {}});
}

Graph graph_of(const LoadedModel& model, const ExportOptions& options) {
  auto& module = model.net->module();
  module.eval();
  auto random = at::detail::createCPUGenerator(options.seed);
  const auto run = [&](std::int64_t batch) {
    const auto images = at::randn({batch, model.record.in_chans, options.size[0], options.size[1]}, random);
    check_outputs(model, outputs_of(model, images));  // tables that are made once for each size are there afterwards
    return trace(images, [&](const at::Tensor& each) { return outputs_of(model, each); });
  };
  const auto first = run(options.dynamic ? kFirstBatch : options.batch);
  const auto second = run(options.dynamic ? kSecondBatch : options.batch);
  auto graph = lower(first, second, parameters_of(module), model.entry->name);
  graph.name = model.entry->name;
  graph.description = model.entry->name + ": images [B, C, H, W] fp32, normalised as metadata 'vitral' says";
  graph.metadata = to_metadata(model.record);
  return graph;
}

}  // namespace vitral::onnx
