/// Where JSON goes: a file that appears whole, or standard output.
#pragma once

#include <optional>
#include <string>

#include "apps/console.h"
#include "common/core/file.h"

namespace vitral::apps {

class JsonSink {
 public:
  /// `target` is a path, "-", or empty (nowhere).
  JsonSink(Console& console, const std::string& target, bool overwrite) : console_(console), to_stdout_(target == "-") {
    if (!target.empty() && !to_stdout_) file_.emplace(target, overwrite);
  }
  explicit operator bool() const { return to_stdout_ || file_.has_value(); }
  void write(const std::string& text) {
    if (to_stdout_) console_.result(text);
    if (file_) file_->write(text);
  }
  void finish() {
    if (file_) file_->commit();
  }

 private:
  Console& console_;
  bool to_stdout_;
  std::optional<AtomicFile> file_;
};

}  // namespace vitral::apps
