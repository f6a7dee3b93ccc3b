#include "common/runtime/kept_tensors.h"

#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>

#include <memory>
#include <utility>

namespace vitral {
namespace {

// LibTorch's observers are plain functions: whom they tell can only be found by the thread.
thread_local KeptTensors* listening = nullptr;

template <class Visit>
void each_tensor(const c10::IValue& value, Visit visit) {
  if (value.isTensor()) {
    visit(value.toTensor());
  } else if (value.isList()) {
    for (const c10::IValue& each : value.toListRef()) {
      if (each.isTensor()) visit(each.toTensor());
    }
  }
}

std::unique_ptr<at::ObserverContext> before(const at::RecordFunction& call) {
  if (listening->enter()) {
    for (const auto& input : call.inputs()) each_tensor(input, [](const at::Tensor& x) { listening->read(x); });
  }
  return nullptr;
}

void after(const at::RecordFunction& call, at::ObserverContext*) {
  if (listening->leave()) {
    for (const auto& output : call.outputs()) each_tensor(output, [](const at::Tensor& x) { listening->made(x); });
  }
}

const void* memory_of(const at::Tensor& tensor) {
  return tensor.defined() && tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

}  // namespace

KeptTensors::KeptTensors()
    : outer_(std::exchange(listening, this)),
      handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(before, after)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}))) {}

KeptTensors::~KeptTensors() {
  at::removeCallback(handle_);
  listening = outer_;
}

std::vector<at::Tensor> KeptTensors::take() {
  std::vector<at::Tensor> tensors;
  for (auto& [memory, tensor] : kept_) tensors.push_back(std::move(tensor));
  kept_.clear();
  return tensors;
}

void KeptTensors::read(const at::Tensor& tensor) {
  const void* const memory = memory_of(tensor);
  if (memory != nullptr && !made_.contains(memory)) kept_.emplace(memory, tensor);
}

void KeptTensors::made(const at::Tensor& tensor) {
  const void* const memory = memory_of(tensor);
  // A view of what came from outside is no new memory.
  if (memory != nullptr && !kept_.contains(memory)) made_.insert(memory);
}

}  // namespace vitral
