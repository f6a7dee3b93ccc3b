/// Telling what does not fit into memory from other failures, and what to do about it.
#pragma once

#include <c10/core/Device.h>
#include <c10/util/ArrayRef.h>

#include <exception>
#include <string>

#include "common/core/error.h"

namespace vitral::train {

/// Whether memory ran out, of the host or of a GPU, whoever noticed.
bool is_out_of_memory(const std::exception& error);

/// Error(unavailable) that names the model, the batch, its size in pixels (`shape`: [B, 3, H, W]), what is free on
/// `device` where it can be told, and the flags to change.
Error no_memory_for(const std::string& model, c10::IntArrayRef shape, const c10::Device& device);

}  // namespace vitral::train
