/// What `vitral text train` can train, each declared where it is written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/text.h"

namespace vitral::apps {

/// Flags that all tasks understand; what is unset has the task's own default.
struct TextTrainFlags : TextFlags {
  std::string data;
  std::optional<std::int64_t> epochs, min_count;
  std::optional<double> rate;
  std::uint64_t seed = 1;
  int threads = 1;
};

class TextTask {
 public:
  virtual ~TextTask() = default;
  /// Declares the flags that only this task has.
  virtual std::vector<CLI::Option*> add(CLI::App& app) = 0;
  /// -> the exit code.
  virtual int run(const TextTrainFlags& flags, Console& console) = 0;
};

std::unique_ptr<TextTask> word_vector_task();
std::unique_ptr<TextTask> sentence_pair_task();

}  // namespace vitral::apps
