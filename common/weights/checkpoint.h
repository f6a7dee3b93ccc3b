/// Opens any checkpoint file as one flat list of named tensors.
///
/// `open` looks at the bytes, never at the extension, and understands
///   - safetensors, and the `.index.json` of a sharded one;
///   - what `torch.save` writes: the zip of torch >= 1.6 and the legacy stream before it. A pickle is read by a machine
///     that builds a tree of data and calls nothing (pickle.h);
///   - numpy's `.npz`, stored or deflated.
/// Files are mapped: opening costs milliseconds whatever their size, and a tensor's bytes are read when they are used.
/// Every size is checked before it is used; what is wrong is a FormatError and nothing laxer is tried instead.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/limits.h"
#include "common/weights/format_error.h"
#include "common/weights/tensor.h"

namespace vitral::weights {

enum class Container { safetensors, safetensors_index, torch_zip, torch_legacy, npz };
/// "safetensors", "safetensors shards", "torch zip", "torch legacy", "npz".
std::string_view to_string(Container container);

struct Checkpoint {
  std::string path;
  Container container = Container::safetensors;
  std::vector<NamedTensor> tensors;  ///< unique names, in the order of the file
  std::map<std::string, std::string>
      metadata;  ///< safetensors `__metadata__`; of a pickle its numbers and strings beside the weights
  std::vector<std::string> unwrapped;  ///< keys that led to the state dict, e.g. {"ema", "module"}
  std::string stripped;                ///< prefix taken off every name, e.g. "module."
  std::vector<std::string> ignored;    ///< what lies beside the weights, e.g. "optimizer (dict)"
  std::vector<std::shared_ptr<const MappedFile>> files;

  /// The tensor of that name, or null.
  const TensorRecord* find(std::string_view name) const;
  std::vector<std::string> names() const;
  /// Sum of the tensors' sizes in bytes.
  std::uint64_t size_bytes() const;
  /// Throws where a file became shorter while it was mapped: call it after the tensors were used.
  void check() const;
};

/// Opens `path`. Throws FormatError (kind weights) naming the file, what was found and what was expected.
/// Wrappers are taken off in the order ema.module, model_ema, state_dict_ema, model, state_dict, params, opt.target;
/// then the prefixes `module.` and `_orig_mod.` where every name has them.
Checkpoint open(const std::filesystem::path& path, const Limits& limits = {});

/// Opens bytes in memory, as if they were the file `name` (no shards). `owner` keeps them alive.
Checkpoint open_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name,
                      const Limits& limits = {});

/// Replaces each tensor "<before><rest>" by one for every entry of its first dimension, called "<numbered><rest>" with
/// the entry's index for "{i}", as in ("encoderblock/", "encoderblock_{i}/"). Nothing is copied.
void unstack(Checkpoint& checkpoint, std::string_view before, std::string_view numbered);

/// Writes a safetensors file through AtomicFile: tensors by falling alignment, then name, data aligned to 8 bytes;
/// strided tensors are made dense. `overwrite` false: an existing file is Error(usage).
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {}, bool overwrite = false);

/// The same file as a string.
std::string safetensors_bytes(std::span<const NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace vitral::weights
