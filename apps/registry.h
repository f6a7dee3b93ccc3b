#pragma once

#include <memory>

#include "common/runtime/registry.h"

namespace vitral::apps {

/// Every family of this build.
std::shared_ptr<const Registry> make_registry();

}  // namespace vitral::apps
