/// Attention layers that can be asked what they looked at. Nothing else about them changes: while one records, it takes
/// the path that makes its weights explicit, and gives the same result.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace vitral::nn {

/// What the last call of a layer looked at. With gradients enabled the tensors are part of the graph.
struct AttentionRecord {
  /// After the softmax: [B, H, N, M]; inside windows [B * windows, H, N, N]; of samples fp32 [B, Q, H, L, P].
  at::Tensor weights;
  at::Tensor locations;               ///< of samples: fp32 [B, Q, H, L, P, 2], x and y from 0 to 1 of a level's map
  at::Tensor windows;                 ///< of windows: int32 [windows, N], the token at each place, -1: padding
  std::array<std::int64_t, 2> map{};  ///< of windows: {rows, columns} of the tokens
};

class Recording {
 public:
  virtual ~Recording() = default;
  /// Keep what the next calls look at, or stop and forget.
  void record(bool on) {
    recording_ = on;
    record_ = {};
  }
  const AttentionRecord& recorded() const { return record_; }

 protected:
  Recording() = default;
  // A clone starts without.
  Recording(const Recording&) {}
  Recording& operator=(const Recording&) { return *this; }
  bool recording() const { return recording_; }
  /// Where attend() is to leave its weights, or null.
  at::Tensor* weights_wanted() { return recording_ ? &record_.weights : nullptr; }
  AttentionRecord record_;

 private:
  bool recording_ = false;
};

}  // namespace vitral::nn
