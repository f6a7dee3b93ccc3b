/// Where a prepared network runs: its inputs go there, recorded work is played back, and errors are told.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

#include "common/core/preprocess.h"
#include "common/nn/two_faces.h"
#include "common/runtime/detector.h"
#include "common/runtime/gpu.h"
#include "common/runtime/replay.h"

namespace vitral {

struct RunnerOptions {
  std::string model;  ///< what errors call it
  at::Device device = at::kCPU;
  nn::Precision precision = nn::Precision::fp32;
  /// Records work on a GPU and plays it back, where the GPU offers a recorder.
  bool graphs = false;
  /// Padded batches are padded on to multiples of it on a GPU, so that few shapes come; 0: they stay as they are.
  std::int64_t side_multiple = 0;
  Preprocess preprocess;      ///< how 8-bit levels become images
  bool takes_levels = false;  ///< the network takes levels as they are where our kernels are there
};

/// On a CPU it adds nothing to the network's own work.
class Runner {
 public:
  /// `gpu`: what open_gpu() gave; null on a CPU and where only LibTorch's own operators are to be had.
  Runner(RunnerOptions options, std::shared_ptr<Gpu> gpu);

  const at::Device& device() const { return options_.device; }
  const std::shared_ptr<Gpu>& gpu() const { return gpu_; }
  /// images [B, C, H, W] -> on the device in the network's precision. 8-bit levels [B, H, W, 3] travel as they are and
  /// are normalised there, or stay what they are for a network that takes them.
  at::Tensor place(const at::Tensor& images) const;
  /// The same of a batch whose mask is there only where a pixel is padded. Where the network's origin pads with zeros
  /// after normalising, levels below the mask become 0.
  PictureBatch place(const PictureBatch& batch) const;

  /// Gives `use` what `work` makes of `inputs`, see ReplayCache. Tags tell different work of the network apart.
  void run(const std::string& tag, const Inputs& inputs, const ReplayCache::Work& work,
           const ReplayCache::Use& use) const;

  /// Does what needs memory for `images` [B, C, H, W] or levels [B, H, W, 3], or for the network itself where they are
  /// undefined. Where the GPU has too little, frees what can be freed, so that less may fit, and throws
  /// Error(unavailable) that says what was asked for and what to change.
  void guarded(const at::Tensor& images, const std::function<void()>& work) const;

  /// Null where nothing is recorded.
  const ReplayCache* replays() const { return replays_.get(); }

 private:
  bool on_gpu() const { return gpu_ != nullptr || !options_.device.is_cpu(); }

  RunnerOptions options_;
  kernels::Normalization normalization_;
  std::shared_ptr<Gpu> gpu_;
  std::unique_ptr<ReplayCache> replays_;
};

}  // namespace vitral
