/// vitral models pull: published weights, fetched and verified.
#pragma once

#include "apps/command.h"

namespace vitral::apps {

void add_models_pull(CLI::App& models, Context& context);

}  // namespace vitral::apps
