#include "common/weights/state_dict.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <torch/utils.h>

#include <cstring>

#include "common/core/text.h"

namespace vitral::weights {
namespace {

constexpr std::pair<Dtype, at::ScalarType> kTypes[] = {
    {Dtype::boolean, at::kBool},
    {Dtype::u8, at::kByte},
    {Dtype::i8, at::kChar},
    {Dtype::f8_e5m2, at::kFloat8_e5m2},
    {Dtype::f8_e4m3, at::kFloat8_e4m3fn},
    {Dtype::f8_e8m0, at::kFloat8_e8m0fnu},
    {Dtype::f8_e4m3fnuz, at::kFloat8_e4m3fnuz},
    {Dtype::f8_e5m2fnuz, at::kFloat8_e5m2fnuz},
    {Dtype::i16, at::kShort},
    {Dtype::u16, at::kUInt16},
    {Dtype::f16, at::kHalf},
    {Dtype::bf16, at::kBFloat16},
    {Dtype::i32, at::kInt},
    {Dtype::u32, at::kUInt32},
    {Dtype::f32, at::kFloat},
    {Dtype::c64, at::kComplexFloat},
    {Dtype::f64, at::kDouble},
    {Dtype::i64, at::kLong},
    {Dtype::u64, at::kUInt64},
};

/// Parameters and buffers by name; modules hand out handles, so writing through these reaches the module.
StateDict entries_of(const torch::nn::Module& module) {
  StateDict entries;
  for (const auto& item : module.named_parameters()) entries.insert(item.key(), item.value());
  for (const auto& item : module.named_buffers()) entries.insert(item.key(), item.value());
  return entries;
}

void check_type(const std::string& name, const at::Tensor& found, const at::Tensor& wanted, const LoadReport& report) {
  const bool converts = found.is_floating_point() && wanted.is_floating_point();
  if (converts || found.scalar_type() == wanted.scalar_type()) return;
  throw Error(ErrorKind::weights, printable(report.file),
              "tensor '" + printable(name, 200) + "' is of type " + toString(found.scalar_type()) + ", expected " +
                  toString(wanted.scalar_type()));
}

/// Compares names and shapes, without touching either side.
void compare(const StateDict& wanted, const StateDict& given, LoadReport& report) {
  for (const auto& item : wanted) {
    const at::Tensor* tensor = given.find(item.key());
    if (tensor == nullptr) {
      if (!carries_no_weights(item.key())) report.missing.push_back(item.key());
    } else if (tensor->sizes() != item.value().sizes()) {
      report.mismatched.push_back({item.key(), tensor->sizes().vec(), item.value().sizes().vec()});
    } else {
      check_type(item.key(), *tensor, item.value(), report);
      report.loaded.push_back(item.key());
    }
  }
  for (const auto& item : given) {
    if (wanted.contains(item.key())) continue;
    auto& list = carries_no_weights(item.key()) ? report.dropped : report.unexpected;
    list.push_back(item.key());
  }
}

void fill(at::Tensor target, const at::Tensor& value, Storage storage) {
  if (storage == Storage::copied || !target.device().is_cpu() || !value.device().is_cpu()) {
    target.copy_(value);
  } else {
    target.set_data(value.to(target.scalar_type()).contiguous());  // neither copies where nothing has to change
  }
}

}  // namespace

at::ScalarType scalar_type(Dtype dtype) {
  for (const auto& [ours, theirs] : kTypes) {
    if (ours == dtype) return theirs;
  }
  throw Error(ErrorKind::weights, to_string(dtype), "an element type that tensors can't have here");
}

Dtype dtype_of(at::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  throw Error(ErrorKind::failed, toString(type), "an element type that safetensors can't hold");
}

at::Tensor to_tensor(const TensorRecord& record, Storage storage) {
  const auto options = at::TensorOptions(scalar_type(record.dtype));
  if (record.numel() == 0) return at::empty(record.shape, options);
  const bool aligned = reinterpret_cast<std::uintptr_t>(record.bytes.data()) % (bits(record.dtype) / 8) == 0;
  if (storage == Storage::mapped && aligned) {
    // LibTorch has no tensors of constant memory: that nobody writes is the promise of Storage::mapped.
    void* data = const_cast<std::byte*>(record.bytes.data());
    return at::from_blob(
        data, record.shape, record.strides, [owner = record.owner](void*) {}, options);
  }
  at::Tensor copy = at::empty(record.shape, options);
  std::vector<std::byte> scratch;
  const auto bytes = contiguous_bytes(record, scratch);
  std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
  if (record.file) record.file->release(record.bytes);  // so that a large file is not in memory twice
  return copy;
}

TensorRecord to_record(const at::Tensor& tensor) {
  if (tensor.layout() != at::kStrided)
    throw Error(ErrorKind::failed, "", "a tensor of another layout than strided can't be saved");
  auto held = std::make_shared<at::Tensor>(tensor.detach().cpu().resolve_conj().resolve_neg());
  TensorRecord record{dtype_of(held->scalar_type()), held->sizes().vec(), held->strides().vec(), {}, held, nullptr};
  if (held->numel() == 0) return record;
  std::size_t elements = 1;
  for (std::int64_t d = 0; d < held->dim(); ++d)
    elements += static_cast<std::size_t>((held->size(d) - 1) * held->stride(d));
  record.bytes = {static_cast<const std::byte*>(held->const_data_ptr()), elements * held->element_size()};
  return record;
}

StateDict to_state_dict(const Checkpoint& checkpoint, Storage storage) {
  StateDict state;
  state.reserve(checkpoint.tensors.size());
  for (const auto& [name, record] : checkpoint.tensors) {
    try {
      state.insert(name, to_tensor(record, storage));
    } catch (const Error& error) {
      throw Error(ErrorKind::weights, printable(checkpoint.path),
                  "tensor '" + printable(name, 200) + "': " + error.what());
    }
  }
  return state;
}

LoadReport load_into(torch::nn::Module& module, const StateDict& state, const LoadOptions& options, LoadReport report) {
  const StateDict wanted = entries_of(module);
  compare(wanted, state, report);
  if (!report.is_complete() && !options.allow_partial) throw LoadError(std::move(report));
  const torch::NoGradGuard no_grad;
  for (const auto& name : report.loaded) fill(wanted[name], state[name], options.storage);
  return report;
}

StateDict state_dict_of(const torch::nn::Module& module) {
  StateDict state;
  for (const auto& item : entries_of(module)) state.insert(item.key(), item.value().detach());
  return state;
}

std::vector<std::string> names_of(const StateDict& state) {
  return state.keys();
}

void save(const std::filesystem::path& path, const StateDict& state, const std::map<std::string, std::string>& metadata,
          bool overwrite) {
  std::vector<NamedTensor> tensors;
  for (const auto& item : state) tensors.push_back({item.key(), to_record(item.value())});
  write_safetensors(path, tensors, metadata, overwrite);
}

}  // namespace vitral::weights
