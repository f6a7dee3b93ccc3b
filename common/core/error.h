/// Typed errors: every failure that a user can cause is an `Error` whose text is one line.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace vitral {

/// What kind of failure it is. The numbers are the program's exit codes (docs/guide.md).
enum class ErrorKind {
  failed = 1,       ///< the run failed: no space, a closed output, a broken invariant
  usage = 2,        ///< command line, configuration, an output that exists
  weights = 3,      ///< a model file is unreadable or does not match the model
  input = 4,        ///< a picture, a video or a data set is unreadable
  unavailable = 5,  ///< device, precision, memory or backend not available
  gate = 6,         ///< a quality gate failed
  lost = 7,         ///< a live source was lost for good
};

/// One line: "<subject>: <what was found and what was expected>". `subject` names the file, tensor, flag or model.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string_view subject, std::string_view message)
      : std::runtime_error(subject.empty() ? std::string(message) : std::string(subject) + ": " + std::string(message)),
        kind_(kind),
        subject_(subject) {}

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& subject() const noexcept { return subject_; }

 private:
  ErrorKind kind_;
  std::string subject_;
};

}  // namespace vitral
