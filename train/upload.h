/// Batches on their way to a GPU.
#pragma once

#include <c10/core/Event.h>

#include <memory>

#include "datasets/collate.h"

namespace vitral::train {

/// The batch with its tensors on `device`; those of all pictures' objects travel together. From pinned memory the host
/// does not wait. A mask that hides nothing is left behind: undefined.
SampleBatch to_device(SampleBatch batch, const at::Device& device);

/// Copies on a stream of its own, beside what the GPU computes.
class Uploader {
 public:
  /// Where `device` is the CPU batches stay as they are.
  explicit Uploader(const at::Device& device) : device_(device) {}

  struct Upload {
    SampleBatch batch;
    std::unique_ptr<c10::Event> arrived;  ///< null on the CPU
  };
  /// On any thread; `batch` lies in pinned memory.
  Upload begin(SampleBatch batch) const;
  /// The batch for this thread's stream, which waits for the copies; the host does not.
  SampleBatch finish(Upload upload) const;

 private:
  at::Device device_;
};

}  // namespace vitral::train
