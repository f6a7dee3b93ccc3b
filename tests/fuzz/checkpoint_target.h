/// The property that every checkpoint reader has to keep, whatever it is fed.
#pragma once

#include <cstdlib>
#include <string_view>

#include "tests/fuzz/corpus.h"
#include "tests/weights/builders.h"

namespace vitral::weights::build {

/// Bounds under which a small input stays a small job.
inline Limits small_limits() {
  Limits limits;
  limits.objects = 200'000;
  limits.decoded_bytes = 1 << 24;
  limits.view_repeats = 4;
  limits.view_bytes = 1 << 20;
  return limits;
}

/// Aborts where `condition` does not hold, which the fuzzer reports as a crash.
inline void require(bool condition) {
  if (!condition) std::abort();
}

/// Refused with a FormatError, or accepted: then every byte of every tensor is read, and the tensors written as
/// safetensors are read back equal. Anything else (another exception, a sanitizer's finding) is a crash.
inline void try_checkpoint(std::string_view bytes) {
  const Limits limits = small_limits();
  Checkpoint checkpoint;
  try {
    checkpoint = open_copy(bytes, limits);
  } catch (const FormatError& error) {
    require(error.what()[0] != '\0' && std::string_view(error.what()).find('\n') == std::string_view::npos);
    return;
  }
  const Checkpoint again = open_copy(safetensors_bytes(checkpoint.tensors, checkpoint.metadata), limits);
  require(again.tensors.size() == checkpoint.tensors.size());
  std::vector<std::byte> ours, theirs;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    const TensorRecord* other = again.find(name);
    require(other != nullptr && other->dtype == tensor.dtype && other->shape == tensor.shape);
    const auto a = contiguous_bytes(tensor, ours), b = contiguous_bytes(*other, theirs);
    require(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
}

}  // namespace vitral::weights::build
