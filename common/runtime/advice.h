/// What would make a checkpoint fit that does not.
#pragma once

#include <string>

#include "common/runtime/native.h"
#include "common/runtime/registry.h"
#include "common/weights/checkpoint.h"
#include "common/weights/state_dict.h"

namespace vitral {

/// `state`, in our names, does not fit `entry` built as `record` says. Gives the flags with which it would fit, or the
/// registered name of the same family that it fits: "--imgsz 384 or -m vit_base_patch16_384". Empty where none does.
/// Found by building the candidates without values and comparing shapes.
std::string advice(const Registry& registry, const ModelEntry& entry, const NativeRecord& record,
                   const weights::StateDict& state);

/// What a file of other keys than `entry` knows holds: "it holds resnet50, a classifier". Empty where no registered
/// network has these keys.
std::string contents(const Registry& registry, const weights::Checkpoint& checkpoint);

}  // namespace vitral
