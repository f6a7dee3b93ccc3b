/// Layers with two faces: a plain, differentiable one, and an inference one with weights packed for this machine.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>

#include "common/kernels/normalization.h"

namespace vitral::nn {

/// What a prepared model computes in. Statistics of norms and the softmax stay in fp32 everywhere.
enum class Precision { fp32, bf16, fp16 };

at::ScalarType scalar_type(Precision precision);

/// How a layer was prepared; layers of one model share it where nobody listens to them.
struct InferenceOptions {
  Precision precision = Precision::fp32;
  /// Called with a plain weight once its packed form exists, e.g. to let go of the pages of a mapped file.
  std::function<void(const at::Tensor& plain)> on_packed;
  /// Called with what a layer gave, fused tail included, each time that it computed. The tensor may be overwritten
  /// afterwards. Empty: nobody listens.
  std::function<void(const at::Tensor& output)> on_output;
  /// How 8-bit pictures are normalised, for layers that take them as they are. Nothing: no layer is given any.
  std::optional<kernels::Normalization> levels = {};
};

/// A layer that can turn its inference face. Packing happens at the first inference call, when the shapes are known, and
/// once; that first call must not run on several threads at a time.
class TwoFaced {
 public:
  virtual ~TwoFaced() = default;

  /// From now on compute as `options` say (null: plainly again, and drop what was packed).
  void set_inference(std::shared_ptr<const InferenceOptions> options) {
    inference_ = std::move(options);
    drop_packed();
  }
  const InferenceOptions* inference() const { return inference_.get(); }

 protected:
  TwoFaced() = default;
  // A clone starts with its plain face: packed weights are not shared between modules.
  TwoFaced(const TwoFaced&) {}
  TwoFaced& operator=(const TwoFaced&) { return *this; }
  virtual void drop_packed() = 0;
  void packed(const at::Tensor& plain) const {
    if (inference_ && inference_->on_packed) inference_->on_packed(plain);
  }
  /// `output`, told to those who listen.
  at::Tensor reported(at::Tensor output) const {
    if (inference_ && inference_->on_output) inference_->on_output(output);
    return output;
  }

 private:
  std::shared_ptr<const InferenceOptions> inference_;
};

}  // namespace vitral::nn
