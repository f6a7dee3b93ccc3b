#pragma once

#include <memory>

#include "common/runtime/registry.h"
#include "common/runtime/store.h"

namespace vitral::apps {

/// Every family of this build.
std::shared_ptr<const Registry> make_registry();

/// Where this user's downloaded weights lie.
ModelStore user_store();

}  // namespace vitral::apps
