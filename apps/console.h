/// The only place that writes to the terminal: results to standard output, everything for people to standard error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vitral::apps {

struct ConsoleOptions {
  bool quiet = false;
  bool verbose = false;
  bool color = true;
  std::string progress = "auto";  ///< auto, plain, none
  std::string log_file;
};

class Console {
 public:
  void configure(const ConsoleOptions& options);

  /// Writes results, at once. Throws ClosedPipe where nobody reads any more, Error(failed) where they can't be written.
  void result(std::string_view text);
  /// A line that the user may want to know, unless quiet.
  void note(std::string_view line);
  /// A line for the curious (-v).
  void detail(std::string_view line);
  void warning(std::string_view line);
  /// The one error line, "vitral: error: …".
  void error(std::string_view line);
  /// A progress line of `done` of `total`, rewritten in place on a terminal; from the second second on.
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total);
  /// The same for bytes of a file, `before` of which were there already; `total` 0: not known.
  void transfer(std::string_view what, std::uint64_t done, std::uint64_t total, std::uint64_t before);
  /// Takes the progress line off the terminal.
  void end_progress();

  bool has_color() const { return color_; }

 private:
  void line(std::string_view prefix, std::string_view text);
  void log(std::string_view level, std::string_view text);
  bool progress_is_due();
  double progress_seconds() const;
  void show_progress(std::string_view text);

  ConsoleOptions options_;
  bool color_ = false;
  bool progress_shown_ = false;
  double progress_started_ = -1, progress_printed_ = -1;
};

/// The reader of standard output went away: the program ends quietly.
struct ClosedPipe {};

/// Makes descriptors 0, 1 and 2 exist, so that no file opened later takes their numbers, and broken pipes an error code.
void secure_standard_streams();

}  // namespace vitral::apps
