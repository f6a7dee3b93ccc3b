/// The loop: batches in, steps out, a checkpoint after every epoch.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "train/batch_queue.h"
#include "train/ema.h"
#include "train/evaluation.h"
#include "train/loss_scaler.h"
#include "train/objective.h"
#include "train/peers.h"
#include "train/state.h"

namespace vitral::train {

/// Hears how a run goes on. Called on the training thread.
class Listener {
 public:
  virtual ~Listener() = default;
  struct Step {
    std::int64_t step = 0, steps = 0;  ///< taken, of so many
    std::uint64_t epoch = 0;           ///< from 0
    double loss = 0, lr = 0;
    double images_per_s = 0;
    double seconds_left = 0;
  };
  virtual void stepped(const Step&) {}
  /// A line of metrics.jsonl; `is_best`: the best epoch so far.
  virtual void finished_epoch(const std::string& /*record*/, bool /*is_best*/) {}
  /// Pictures that can't be read, steps without a finite loss.
  virtual void warning(const std::string& /*line*/) {}
};

struct TrainingData {
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> val;  ///< may be null: then the last epoch is the best
};

/// Where a run keeps its files.
struct RunFiles {
  std::filesystem::path folder;
  std::filesystem::path state() const { return folder / "state.safetensors"; }
  std::filesystem::path last() const { return folder / "last.safetensors"; }
  std::filesystem::path best() const { return folder / "best.safetensors"; }
  std::filesystem::path metrics() const { return folder / "metrics.jsonl"; }
  std::filesystem::path table() const { return folder / "results.csv"; }
  std::filesystem::path samples() const { return folder / "samples.jpg"; }
};

enum class Outcome { finished, interrupted, out_of_patience };

class Trainer {
 public:
  struct Setup {
    at::Device device = at::kCPU;
    std::size_t workers = 2;         ///< threads that prepare pictures
    LoadedModel* teacher = nullptr;  ///< becomes prepared for inference on the same device
    bool strict = false;             ///< unreadable pictures end the run
    RunFiles files;
    Peers* peers = nullptr;  ///< the processes of the run, of which the first writes files and tells the listener
  };
  /// `model` holds copied weights and no inference face. Throws Error(usage) for options that do not fit the task,
  /// Error(input) for data that does not fit.
  Trainer(LoadedModel& model, TrainingData data, const TrainOptions& options, Setup setup, Listener& listener);
  ~Trainer();

  /// Goes on from the state in the folder. Throws Error(weights) naming the file where it is none, or of another run.
  void resume();
  /// One batch of the largest pictures that can come, forward and backward, without a step: what does not fit into
  /// memory fails here and not after an hour. Throws Error(unavailable) naming model, batch and size.
  void try_largest_batch();
  /// Trains to the end, or until `stop` says so after a step; then the state is saved all the same. Throws
  /// Error(failed) after too many steps in a row without a finite loss, Error(unavailable) where memory ran out.
  Outcome run(const std::function<bool()>& stop);

  const RunState& state() const { return state_; }
  std::int64_t steps_per_epoch() const;
  std::int64_t total_steps() const;
  const std::vector<ParameterGroup>& groups() const { return optimizer_.groups(); }

 private:
  using Group = std::vector<BatchQueue::Batch>;  // of one step
  struct Pass {
    double loss = 0;
    std::vector<std::pair<std::string, double>> parts;
    std::size_t pictures = 0;
    std::vector<std::string> names;
    bool finite = true;
    at::Tensor numbers;  // fp32 [batches, parts + 1], on a GPU: the losses and their sum, which the host has not read
  };
  LoaderPosition next_position() const;  // of the batch that comes next, the first of an epoch for one that has ended
  void check(const StoredState& stored, const std::string& subject) const;
  BatchQueue::Batch next_batch();
  Group next_group();
  std::size_t rank() const { return setup_.peers == nullptr ? 0 : setup_.peers->rank(); }
  bool is_first() const { return rank() == 0; }
  void make_queue(const LoaderPosition& start);
  NamedTensors losses(const SampleBatch& batch, double object_count);
  std::vector<double> objects_of(const Group& group);
  Pass agreed(Pass pass);
  static void add(Pass& pass, const std::vector<double>& values, double share);
  static void read(Pass& pass, const at::Tensor& numbers);
  Pass backward(Group& group);
  void take_step();
  bool apply(Pass& pass, double lr);
  bool apply_on_gpu(Pass& pass, double lr);
  void skip(const Pass& pass);
  void finish_epoch(std::uint64_t epoch);
  void save();
  void write_model(const std::filesystem::path& path);
  void write_samples();
  ScheduleOptions schedule() const;

  LoadedModel& model_;
  TrainingData data_;
  TrainOptions options_;
  Setup setup_;
  Listener& listener_;
  std::unique_ptr<Objective> objective_;
  Optimizer optimizer_;
  std::unique_ptr<Ema> ema_;
  LossScaler scaler_;
  std::unique_ptr<BatchQueue> batches_;
  RunState state_;
  double run_seconds_ = 0;      // of this process
  std::int64_t run_steps_ = 0;  // of this process
};

}  // namespace vitral::train
