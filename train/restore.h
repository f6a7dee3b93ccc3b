/// Taking over what a run had stored.
#pragma once

#include <string>

#include "common/weights/state_dict.h"

namespace vitral::train {

/// Copies every tensor of `own` from `stored`, into the memory that it has. Throws Error(weights, subject, …) naming
/// `what` and the tensor where one is missing, of another shape, or belongs to nothing here.
void restore(const weights::StateDict& own, const weights::StateDict& stored, const std::string& what,
             const std::string& subject);

}  // namespace vitral::train
