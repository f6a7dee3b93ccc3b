#include "apps/window.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "apps/interrupt.h"
#include "common/core/error.h"
#include "common/core/module.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

constexpr int kEscape = 27, kPollMs = 50;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::unavailable, "--show", why);
}

const WindowFunctions* load(std::string& why) {
  return static_cast<const WindowFunctions*>(module_symbol(module_path(kWindowModule), kWindowFunctions, why));
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// Whether a process of its own lives to show a pixel.
bool display_works() {
  const pid_t child = fork();
  if (child < 0) refuse("no process to try the display in");
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, stream);
    const std::uint8_t pixel[3] = {};
    std::string ignored;
    const auto* functions = load(ignored);
    _exit(functions != nullptr && functions->show("vitral", pixel, 1, 1) == nullptr ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Window::Window(std::string title) : title_(std::move(title)) {
  if (module_path(kWindowModule).empty()) refuse("this build has no window: it was made without OpenCV's highgui");
  const bool named = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("QT_QPA_PLATFORM");
  if (!named) refuse("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set; -o or --json work without one");
  if (!display_works()) {
    const char* display = std::getenv("DISPLAY");
    refuse("the display can't be opened" + (display == nullptr ? "" : " (DISPLAY is " + printable(display, 100) + ")"));
  }
  std::string why;
  functions_ = load(why);
  if (functions_ == nullptr) refuse("the window can't be loaded: " + printable(why, 300));
}

bool Window::show(const image::Image& picture, bool wait) {
  if (const char* error = functions_->show(title_.c_str(), picture.pixels.data(), picture.width, picture.height)) {
    refuse(printable(error, 300));
  }
  do {
    const int key = functions_->key(wait ? kPollMs : 1);
    const int letter = key < 0 ? key : key & 0xff;  // modifiers stand in the upper bits
    if (letter == 'q' || letter == 'Q' || letter == kEscape || !functions_->open(title_.c_str())) return false;
    if (key >= 0) return true;
  } while (wait && !interrupted());
  return true;
}

}  // namespace vitral::apps
