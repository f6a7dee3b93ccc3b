/// What the pictures' and the sentences' half of `vitral explain` share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/explanation.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "common/weights/state_dict.h"

namespace vitral::apps {

struct ExplainFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::string input, sentence, method, class_name;
  std::vector<std::string> beside;  ///< other models that look at the same picture
  ExplainOptions options;
};

/// The folder of an explanation: index.html, attention.safetensors and what else is written.
class ExplainFolder {
 public:
  /// Throws Error(usage) where one of the files is there and -y is not.
  explicit ExplainFolder(const OutputFlags& output);

  void write(const std::string& name, std::span<const std::byte> bytes);
  void write_page(const std::string& html);
  void write_raw(const weights::StateDict& state, const std::string& model, ExplainMethod method);
  const std::vector<std::string>& files() const { return files_; }

 private:
  std::filesystem::path folder_;
  bool overwrite_;
  std::vector<std::string> files_;
};

/// -> the exit code.
int explain_text(const ExplainFlags& flags, Console& console);

}  // namespace vitral::apps
