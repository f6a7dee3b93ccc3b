/// The verbs of `vitral text`, each declared where it is written.
#pragma once

#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/output_flags.h"

namespace vitral::apps {

/// What all of them share.
struct TextFlags {
  ConsoleFlags console;
  OutputFlags output;
  std::string model;
  void add_common(CLI::App& app);
};

/// The lines of a text file, or of standard input for "-", without line ends. Throws Error(input) naming file and byte
/// for what is no UTF-8, and for an empty file.
std::vector<std::string> read_lines(const std::string& path);

void add_text_embed(CLI::App& text, Context& context);
void add_text_generate(CLI::App& text, Context& context);
void add_text_neighbours(CLI::App& text, Context& context);
void add_text_train(CLI::App& text, Context& context);

}  // namespace vitral::apps
