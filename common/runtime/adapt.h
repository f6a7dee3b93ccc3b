/// What every classifier adapts in the same way: input channels and class counts.
#pragma once

#include <vector>

#include "common/runtime/model.h"
#include "common/weights/report.h"
#include "common/weights/state_dict.h"

namespace vitral {

/// Makes the first convolution's weight [out, 3, k, k] in `state` fit the model's channel count, as timm's
/// adapt_input_conv does: summed for one channel, else repeated and scaled by 3 / channels.
void adapt_stem(weights::StateDict& state, Network& net, std::vector<weights::Adaptation>& log);

/// A patch embedding that was kept as a linear layer [out, 3 * k * k] becomes the convolution's weight [out, 3, k, k].
void reshape_linear_stem(weights::StateDict& state, Network& net);

/// Takes heads of another class count out of `state`, so that the model keeps its fresh ones.
void adapt_head(weights::StateDict& state, Network& net, std::vector<weights::Adaptation>& log);

/// True where `report` is complete but for the parameters of heads that adapt_head took out.
bool only_heads_missing(const weights::LoadReport& report);

}  // namespace vitral
