#include "apps/console.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Writes all of `text`; the errno of the failure, or 0.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

}  // namespace

void secure_standard_streams() {
  ::signal(SIGPIPE, SIG_IGN);
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) ::open("/dev/null", O_RDWR);
  }
}

void Console::configure(const ConsoleOptions& options) {
  options_ = options;
  color_ = options.color && std::getenv("NO_COLOR") == nullptr && ::isatty(STDERR_FILENO) == 1;
  if (options.log_file.empty()) return;
  try {
    auto logger = spdlog::basic_logger_mt("vitral", options.log_file);
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(logger);
  } catch (const spdlog::spdlog_ex&) {
    throw Error(ErrorKind::usage, printable(options.log_file), "can't be written as a log file");
  }
}

void Console::result(std::string_view text) {
  end_progress();
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) throw ClosedPipe{};
  if (error != 0) {
    throw Error(ErrorKind::failed, "standard output", "can't be written: " + std::generic_category().message(error));
  }
}

void Console::log(std::string_view level, std::string_view text) {
  if (options_.log_file.empty()) return;
  const auto severity = level == "error" ? spdlog::level::err : level == "warning" ? spdlog::level::warn : spdlog::level::info;
  spdlog::log(severity, "{}", text);
}

void Console::line(std::string_view prefix, std::string_view text) {
  end_progress();
  write_all(STDERR_FILENO, "vitral: " + std::string(prefix) + printable(text, 1'980) + "\n");
}

void Console::note(std::string_view text) {
  log("info", text);
  if (!options_.quiet) line("", text);
}

void Console::detail(std::string_view text) {
  log("info", text);
  if (options_.verbose && !options_.quiet) line("", text);
}

void Console::warning(std::string_view text) {
  log("warning", text);
  if (!options_.quiet) line(color_ ? "\033[33mwarning:\033[0m " : "warning: ", text);
}

void Console::error(std::string_view text) {
  log("error", text);
  line(color_ ? "\033[31merror:\033[0m " : "error: ", text);
}

/// On a terminal every tenth of a second, in plain form every other second, and nothing of what is soon done.
bool Console::progress_is_due() {
  if (options_.quiet || options_.progress == "none") return false;
  const bool terminal = options_.progress == "auto" && ::isatty(STDERR_FILENO) == 1;
  if (options_.progress == "auto" && !terminal) return false;
  const double now = now_seconds();
  if (progress_started_ < 0) progress_started_ = now;
  if (now - progress_started_ < 1.0 || now - progress_printed_ < (terminal ? 0.1 : 2.0)) return false;
  progress_printed_ = now;
  progress_shown_ = terminal;
  return true;
}

double Console::progress_seconds() const { return progress_printed_ - progress_started_; }

void Console::show_progress(std::string_view text) {
  write_all(STDERR_FILENO, progress_shown_ ? "\r\033[K" + std::string(text) : std::string(text) + "\n");
}

void Console::progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
  if (!progress_is_due()) return;
  const double rate = static_cast<double>(done) / progress_seconds();
  char text[160];
  std::snprintf(text, sizeof text, "%.60s %llu/%llu  %.1f/s  %.0f s left", std::string(what).c_str(),
                static_cast<unsigned long long>(done), static_cast<unsigned long long>(total), rate,
                rate > 0 ? static_cast<double>(total - done) / rate : 0.0);
  show_progress(text);
}

void Console::transfer(std::string_view what, std::uint64_t done, std::uint64_t total, std::uint64_t before) {
  if (!progress_is_due()) return;
  const double rate = static_cast<double>(done - std::min(before, done)) / progress_seconds();
  std::string text = printable(what, 60) + " ";
  if (total > 0) {
    constexpr std::size_t width = 20;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const auto filled = static_cast<std::size_t>(share * width);
    text += "[" + std::string(filled, '#') + std::string(width - filled, ' ') + "] " +
            std::to_string(static_cast<int>(100 * share)) + "%  ";
  }
  text += human_bytes(done) + (total > 0 ? " of " + human_bytes(total) : "") + "  " +
          human_bytes(static_cast<std::uint64_t>(rate)) + "/s";
  if (total > done && rate > 0) {
    text += "  " + std::to_string(static_cast<std::uint64_t>(static_cast<double>(total - done) / rate)) + " s left";
  }
  show_progress(text);
}

void Console::end_progress() {
  if (progress_shown_) write_all(STDERR_FILENO, "\r\033[K");
  progress_shown_ = false;
}

}  // namespace vitral::apps
