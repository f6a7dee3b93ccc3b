/// The tensors that `vitral explain` leaves in its folder.
#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include "common/weights/state_dict.h"

namespace vitral::test {

inline at::Tensor raw_map(const std::filesystem::path& folder, const std::string& name) {
  const auto state =
      weights::to_state_dict(weights::open((folder / "attention.safetensors").string()), weights::Storage::copied);
  const auto* found = state.find(name);
  EXPECT_NE(found, nullptr) << name;
  return found == nullptr ? at::Tensor() : *found;
}

}  // namespace vitral::test
