#pragma once

#include <string>

#include "common/runtime/store.h"

namespace vitral::apps {

/// Where this user's downloaded weights lie, by the environment.
ModelStore user_store();

/// The file of a sentence model: `name` itself where there is such a file or folder, else the one of that name that
/// travels with the program, else `name` again, for the reader to complain about.
std::string sentence_model(const std::string& name);

}  // namespace vitral::apps
