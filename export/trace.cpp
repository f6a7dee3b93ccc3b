#include "export/trace.h"

#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

namespace vitral::onnx {
namespace {

/// What is being recorded on this thread.
struct Recorder {
  std::vector<Call> calls;
  int depth = 0;
};

/// LibTorch calls plain functions, so where they write to lies on the thread.
thread_local Recorder* recorder = nullptr;

/// Inputs are read when a call begins, because LibTorch gives them only there.
struct Begun : at::ObserverContext {
  std::vector<c10::IValue> inputs;
};

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (recorder == nullptr) return nullptr;  // another thread that works for this one
  auto begun = std::make_unique<Begun>();
  if (recorder->depth++ == 0) begun->inputs.assign(function.inputs().begin(), function.inputs().end());
  return begun;
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (context == nullptr || --recorder->depth > 0) return;
  recorder->calls.push_back({function.name(), std::move(static_cast<Begun*>(context)->inputs), function.outputs()});
}

/// Listens on this thread as long as it lives.
class Listening {
 public:
  explicit Listening(Recorder& to) : before_(recorder) {
    recorder = &to;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~Listening() {
    at::removeCallback(handle_);
    recorder = before_;
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  Recorder* before_;
  at::CallbackHandle handle_ = 0;
};

}  // namespace

Trace trace(const at::Tensor& images, const std::function<NamedTensors(const at::Tensor&)>& forward) {
  const at::AutoGradMode gradients(true);
  Trace result;
  result.images = images.detach().clone().requires_grad_(true);
  Recorder recorded;
  {
    const Listening listening(recorded);
    result.outputs = forward(result.images);
  }
  result.calls = std::move(recorded.calls);
  return result;
}

std::vector<at::Tensor> tensors_of(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  const auto add = [&](const at::Tensor& tensor) {
    if (tensor.defined()) tensors.push_back(tensor);
  };
  if (value.isTensor()) {
    add(value.toTensor());
  } else if (value.isTensorList()) {
    for (const auto& each : value.toTensorVector()) add(each);
  } else if (value.isList()) {
    for (const c10::IValue& each : value.toListRef()) {
      if (each.isTensor()) add(each.toTensor());
    }
  }
  return tensors;
}

std::vector<at::Tensor> tensors_of(const std::vector<c10::IValue>& values) {
  std::vector<at::Tensor> tensors;
  for (const auto& value : values) {
    for (auto& each : tensors_of(value)) tensors.push_back(std::move(each));
  }
  return tensors;
}

}  // namespace vitral::onnx
