/// What a subcommand is made of.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "apps/console.h"

namespace vitral::apps {

/// Everything a subcommand gets beside its own flags.
struct Context {
  Console console;
  /// Set by the subcommand that the command line names; returns the exit code.
  std::function<int()> run;
};

/// A subcommand declares its flags on the root and, when it is named, sets `context.run`.
void add_classify(CLI::App& root, Context& context);
void add_compare(CLI::App& root, Context& context);
void add_detect(CLI::App& root, Context& context);
void add_export(CLI::App& root, Context& context);
void add_explain(CLI::App& root, Context& context);
void add_forward(CLI::App& root, Context& context);
void add_preprocess(CLI::App& root, Context& context);
void add_data(CLI::App& root, Context& context);
void add_weights(CLI::App& root, Context& context);
void add_eval(CLI::App& root, Context& context);
void add_train(CLI::App& root, Context& context);
void add_models(CLI::App& root, Context& context);
void add_bench(CLI::App& root, Context& context);
void add_text(CLI::App& root, Context& context);
void add_doctor(CLI::App& root, Context& context);
void add_serve(CLI::App& root, Context& context);
void add_track(CLI::App& root, Context& context);
void add_version(CLI::App& root, Context& context);
void add_completion(CLI::App& root, Context& context);

}  // namespace vitral::apps
