#pragma once

#include "common/runtime/store.h"

namespace vitral::apps {

/// Where this user's downloaded weights lie, by the environment.
ModelStore user_store();

}  // namespace vitral::apps
