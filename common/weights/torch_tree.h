/// From the data tree of a pickle to a flat state dict.
#pragma once

#include "common/weights/pickle.h"

namespace vitral::weights {

/// Finds the state dict in `tree` (through wrappers, nested dicts, whole pickled modules) and adds its tensors, whose
/// bytes are `storages`, in the order of tree.storages. What else lies there becomes metadata or is named in `ignored`.
void collect_state_dict(const Source& source, const pickle::Tree& tree, std::span<const Content> storages,
                        Checkpoint& checkpoint);

/// Takes the prefixes `module.` and `_orig_mod.` off where every name has them.
void strip_prefixes(Checkpoint& checkpoint);

}  // namespace vitral::weights
