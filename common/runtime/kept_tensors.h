/// What recorded work reads and did not make itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace vitral {

/// While it lives, listens to the operators of this thread and keeps those of their arguments that none of them made:
/// weights, and what caches hold for a size. A recording knows such tensors by their address alone, and a cache may
/// forget them before it is played back. What a kernel of our own is given without going through an operator first is
/// not heard of.
class KeptTensors {
 public:
  KeptTensors();
  ~KeptTensors();
  KeptTensors(const KeptTensors&) = delete;
  KeptTensors& operator=(const KeptTensors&) = delete;

  /// The tensors so far, one of each memory.
  std::vector<at::Tensor> take();

  /// Called by the listener. Operators call others, on memory of their own that no operator made: only the outermost
  /// ones count. -> whether the one that begins or ends is one of these.
  bool enter() { return depth_++ == 0; }
  bool leave() { return --depth_ == 0; }
  void read(const at::Tensor& tensor);
  void made(const at::Tensor& tensor);

 private:
  std::unordered_map<const void*, at::Tensor> kept_;  ///< by the memory that they lie in
  std::unordered_set<const void*> made_;
  int depth_ = 0;       ///< operators that are under way
  KeptTensors* outer_;  ///< the one of this thread that was listening before
  std::uint64_t handle_;
};

}  // namespace vitral
