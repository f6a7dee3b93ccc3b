/// Writing a network's weights so that another library reads them.
#pragma once

#include <filesystem>
#include <string>

#include "common/runtime/loader.h"

namespace vitral {

/// The same tensors with fp32 numbers as fp16, in half the room.
weights::StateDict halved(const weights::StateDict& state);

/// `to`: "native" (our keys, with architecture, preprocessing and labels), "timm", "torchvision", "hf" or "original".
/// `half`: fp32 numbers are stored as fp16; they are fp32 again when they are loaded.
/// Throws Error(usage) where that library has no layout for the network.
void convert_weights(const LoadedModel& model, const std::string& to, const std::filesystem::path& output,
                     bool overwrite, bool half = false);

}  // namespace vitral
