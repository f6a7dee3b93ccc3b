/// One network that `vitral bench` measures: what it is, how good it is, how fast it is.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/flags.h"
#include "common/runtime/gpu.h"
#include "common/runtime/nvml.h"

namespace vitral::apps {

struct BenchOptions {
  ModelFlags model;  ///< its name aside
  ComputeFlags compute;
  std::vector<std::int64_t> batches;  ///< pictures computed together; a row each
  std::vector<std::string> inputs;    ///< pictures for the stages end to end; none: not measured
  std::vector<std::string> data;      ///< sets to judge the network on, those of its task; none: not judged
  std::string split;  ///< empty: see judging_split
  bool raw = false;  ///< a detector's time ends with its raw outputs, as other runtimes' does
};

class BenchSubject {
 public:
  /// Loads the network; without weights it gets random ones.
  BenchSubject(const std::string& name, const BenchOptions& options, Console& console);

  /// Accuracy on the data sets of its task, and the stages from file to result.
  void examine();
  /// Runs every batch size `warmup` times without and `iterations` times with the clock. A detector's time ends with
  /// its final detections, suppression included, or with its raw outputs. On a GPU the pictures lie there already.
  void time(int warmup, int iterations);
  /// From here on the rows name this as the peak of resident memory.
  void set_peak_memory(double mb);
  /// Leaves the memory to others, and takes it again where that was done.
  void unload();
  void load();

  /// A row a batch size (docs/guide.md, schema vitral.bench/1).
  std::vector<nlohmann::ordered_json> rows() const;

 private:
  const LoadedModel& model() const { return *model_; }
  void run(const at::Tensor& images) const;
  /// On a GPU by the device's clock, from when it has nothing else to do.
  double run_ms(const at::Tensor& images);
  /// Adds what the GPU's clocks are now.
  void watch_clocks();
  void judge(const std::string& path);

  const BenchOptions& options_;
  Console& console_;
  std::string name_;
  std::optional<LoadedModel> model_;
  std::vector<at::Tensor> images_;          // one a batch size
  std::vector<std::vector<double>> times_;  // ms, one list a batch size
  nlohmann::ordered_json findings_ = nlohmann::ordered_json::object();
  std::vector<nlohmann::ordered_json> stages_;  // one a batch size, where pictures are given
  double peak_mb_ = 0, gpu_peak_mb_ = 0;
  std::unique_ptr<GpuTimer> timer_;      // on a GPU
  std::unique_ptr<GpuMonitor> monitor_;  // where its driver tells
  std::optional<GpuClocks> clocks_;      // the lowest, and all that held them back
  bool loaded_before_ = false;
};

}  // namespace vitral::apps
