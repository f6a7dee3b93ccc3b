/// A window on the screen for --show.
#pragma once

#include <string>

#include "apps/window_module.h"
#include "common/image/image.h"

namespace vitral::apps {

class Window {
 public:
  /// Throws Error(unavailable) where this build has no window or the machine no display that can be reached. Make it
  /// before other threads start: it tries the display in a process of its own, since Qt ends the one that it fails in.
  explicit Window(std::string title);

  /// Shows `picture`; with `wait` until a key is pressed. False when the user wants no more: q, Esc, the window closed.
  bool show(const image::Image& picture, bool wait);

 private:
  std::string title_;
  const WindowFunctions* functions_;
};

}  // namespace vitral::apps
