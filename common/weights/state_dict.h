/// Where checkpoints meet LibTorch: tensors over mapped files, key maps applied to tensors, modules filled and saved.
///
/// A tensor made here lies in the mapped file itself where its alignment allows. Such memory is READ-ONLY: writing to
/// it (an optimiser step, an in-place operation, a running mean) ends the process with SIGSEGV. So everything that
/// trains or fine-tunes asks for copies (`Storage::copied`); inference takes the mapped ones, which cost no memory of
/// their own.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/ordered_dict.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/weights/checkpoint.h"
#include "common/weights/keymap.h"
#include "common/weights/report.h"

namespace vitral::weights {

/// Tensors by name, in the order of the file or of registration.
using StateDict = torch::OrderedDict<std::string, at::Tensor>;

enum class Storage {
  mapped,  ///< in the file's own pages: no memory, no time, never to be written to
  copied,  ///< on the heap
};

/// The LibTorch type; throws Error(weights) for the 4- and 6-bit types, which LibTorch has no plain tensors of.
at::ScalarType scalar_type(Dtype dtype);
/// Throws Error(failed) for types that safetensors can't hold (quantised, complex128).
Dtype dtype_of(at::ScalarType type);

/// The tensor of `record`, same shape and strides, on the CPU.
at::Tensor to_tensor(const TensorRecord& record, Storage storage = Storage::mapped);
/// A record over a CPU copy of `tensor` (the tensor itself where it already lies on the CPU, strides kept).
TensorRecord to_record(const at::Tensor& tensor);

/// Every tensor of `checkpoint`; names the file and the tensor where one can't be represented.
StateDict to_state_dict(const Checkpoint& checkpoint, Storage storage = Storage::mapped);

/// Carries out `plan`. Plain renames share memory, everything else makes new tensors. `heads` is needed only to undo
/// the `heads_*` transforms. Throws Error(weights, name, …) where a tensor's shape does not fit the step.
StateDict apply(const Plan& plan, const StateDict& state, std::int64_t heads = 0);

struct LoadOptions {
  bool allow_partial = false;  ///< missing, unexpected and mismatched keys are reported instead of thrown
  /// mapped: a parameter takes over the given tensor (no copy) where dtype and layout fit, on a CPU module.
  /// copied: values are copied into the memory that the parameter already has.
  Storage storage = Storage::mapped;
};

/// Fills parameters and persistent buffers of `module`. Floating-point tensors are converted to the parameter's type,
/// others must agree. Strict: a LoadError carrying the report, with the module untouched, unless `allow_partial`.
/// `report` (begin_report) is completed and returned. Buffers that carry no weights (keymap.h) need not be in the file.
LoadReport load_into(torch::nn::Module& module, const StateDict& state, const LoadOptions& options = {},
                     LoadReport report = {});

/// Names, shapes and values of all parameters and buffers of `module`, sharing its memory.
StateDict state_dict_of(const torch::nn::Module& module);

/// The names alone, for `plan(…, expected)`.
std::vector<std::string> names_of(const StateDict& state);

/// Writes `state` as safetensors. See write_safetensors.
void save(const std::filesystem::path& path, const StateDict& state,
          const std::map<std::string, std::string>& metadata = {}, bool overwrite = false);

}  // namespace vitral::weights
