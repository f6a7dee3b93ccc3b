/// Pictures for a network on a GPU: 8-bit levels, on their way there as soon as they are decoded.
#pragma once

#include "apps/picture_stream.h"
#include "common/runtime/loader.h"

namespace vitral::apps {

/// What PrepareOptions take for a prepared model; empty where it takes floats: on a CPU, and where floats are resized.
/// Serves several threads, and may outlive the model.
MakeLevels levels_for(const LoadedModel& model);

}  // namespace vitral::apps
