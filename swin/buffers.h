/// Tables that other libraries store beside their weights and that we compute.
#pragma once

#include <string_view>

#include "common/runtime/model.h"
#include "common/weights/state_dict.h"

namespace vitral::swin {

/// Adds to `state`, which has the names of `origin`, what that library's strict loading expects: torchvision's and the
/// authors' indices, offsets and masks. See ModelEntry::complete.
void complete(weights::StateDict& state, Network& model, std::string_view origin);

}  // namespace vitral::swin
