/// From a name and a file to a network that is ready to compute.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/nn/two_faces.h"
#include "common/runtime/detector.h"
#include "common/runtime/native.h"
#include "common/runtime/prepare.h"
#include "common/runtime/registry.h"
#include "common/runtime/store.h"
#include "common/weights/report.h"

namespace vitral {

/// What a user asked for.
struct LoadRequest {
  std::string model;                             ///< a registered name, or the path of a native checkpoint
  std::optional<std::filesystem::path> weights;  ///< for a name; none: the name's file in `store`, else random weights
  ModelStore store;                              ///< files that were fetched earlier
  std::string origin;                            ///< forces a key table; empty: recognised from the keys
  std::optional<std::int64_t> num_classes, in_chans;
  std::optional<std::array<std::int64_t, 2>> image_size;
  bool allow_partial = false;
  bool allow_random = false;  ///< random weights where there is no file
  std::uint64_t seed = 0;     ///< of random weights and re-initialised heads
  weights::Storage storage = weights::Storage::mapped;
  double drop_path = 0, dropout = 0;  ///< while training
};

class Gpu;

/// How a network is going to run.
struct RunOptions {
  LayerListener on_output = {};  ///< hears what each layer gives; nothing is recorded then
  /// Work on a GPU is recorded for each shape that has come three times and then played back (common/runtime/replay.h).
  /// No layer may be asked to keep anything (nn::Recording), and weights have to stay as they are. Nothing on a CPU.
  bool graphs = false;
  std::shared_ptr<Gpu> gpu = {};  ///< instead of what open_gpu() gives; for tests
};

class PictureUploads;
class Runner;

/// A network with everything that belongs to it.
struct LoadedModel {
  std::shared_ptr<const void> keep_alive;  ///< the registry, where its owner wants it to live as long as the model
  const ModelEntry* entry = nullptr;
  std::shared_ptr<Network> net;
  NativeRecord record;  ///< what it is now: class count, size, preprocessing, labels
  std::optional<weights::Checkpoint> checkpoint;
  std::optional<weights::LoadReport> report;
  std::vector<std::string> notes;  ///< what was adapted, one line each

  /// The network as what it is. Throws Error(usage) where it is of another task.
  Classifier& classifier() const;
  Detector& detector() const;
  /// Moves the network to `device` and turns its inference face. Pages of a mapped file are let go as layers are
  /// packed. Throws Error(unavailable) where a GPU's memory is too small for it.
  void prepare(const at::Device& device, nn::Precision precision, const RunOptions& options = {});
  /// Where it was prepared for.
  at::Device device() const;
  /// Null on a CPU, and where there is no more than LibTorch's operators (open_gpu()).
  Gpu* gpu() const;
  /// How decoded pictures get to it as 8-bit levels; null on a CPU, whose networks take floats. Needs prepare().
  std::shared_ptr<const PictureUploads> uploads() const;
  /// Of classifiers: images [B, C, H, W] fp32, or 8-bit levels [B, H, W, 3], on any device -> logits [B, K] fp32 on the
  /// CPU. Needs prepare().
  at::Tensor logits(const at::Tensor& images) const;
  /// The same with the pooled features before the head: {features [B, C], logits [B, K]}.
  std::pair<at::Tensor, at::Tensor> features_and_logits(const at::Tensor& images) const;
  /// Of detectors: the raw outputs of a batch, on the CPU, floating ones as fp32. Needs prepare().
  NamedTensors raw(const PictureBatch& batch) const;
  /// What is in each picture of a batch on the CPU, best first, all on the CPU. Needs prepare(). These four throw
  /// Error(unavailable) where a GPU's memory is too small for the batch; a smaller one can be run after it.
  std::vector<Detections> detect(const PictureBatch& batch, const DetectOptions& options) const;

 private:
  using Use = std::function<void(const PictureBatch& placed, const NamedTensors& computed)>;
  void compute(const PictureBatch& batch, const Use& use) const;
  std::shared_ptr<const Runner> runner_;
};

/// The key table for a file of these names: the forced origin's, or the one that is recognised; null for our own keys.
/// Throws Error(usage) for an origin that the model has no table of.
const weights::KeyMap* find_key_map(const ModelEntry& entry, const std::vector<std::string>& names,
                                    const std::string& origin);

/// Builds and fills a network. Throws Error(usage) for unknown names, Error(weights) for files that can't be read or do
/// not fit (weights::LoadError with the report).
LoadedModel load_model(const Registry& registry, const LoadRequest& request);

/// What a network takes, told by a name without any weights or by a native file; `image_size` overrides the size.
struct InputOf {
  Preprocess preprocess;
  Task task = Task::classify;
};
InputOf input_of(const Registry& registry, const std::string& model,
                 std::optional<std::array<std::int64_t, 2>> image_size);

}  // namespace vitral
