/// Values that depend on nothing but the size of a map (positions, anchors): made once for each size.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace vitral::nn {

/// `Value` holds tensors. Safe to use from several threads; a copy starts empty, as a clone of a module has to.
template <class Value>
class PerSize {
 public:
  PerSize() = default;
  PerSize(const PerSize&) {}
  PerSize& operator=(const PerSize&) { return *this; }

  /// The value for maps of these sizes, in `like`'s dtype and on its device. `make()` gives it when it is not there
  /// yet; what it makes may be used with and without gradients.
  template <class Make>
  Value get(const std::vector<std::int64_t>& sizes, const at::Tensor& like, Make make) {
    const Key key{sizes, {static_cast<int>(like.scalar_type()), like.device().str()}};
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    if (values_.size() >= kMost) values_.clear();  // pictures of endless shapes must not fill the memory
    const c10::InferenceMode plain_tensors(false);
    const at::NoGradGuard no_grad;
    return values_.emplace(key, make()).first->second;
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    values_.clear();
  }

 private:
  static constexpr std::size_t kMost = 32;
  using Key = std::pair<std::vector<std::int64_t>, std::pair<int, std::string>>;
  std::mutex mutex_;
  std::map<Key, Value> values_;
};

}  // namespace vitral::nn
