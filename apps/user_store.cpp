#include "apps/user_store.h"

#include <cstdlib>

namespace vitral::apps {

ModelStore user_store() {
  return ModelStore::of_user([](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

}  // namespace vitral::apps
