/// What the program asks of the window module. The module is loaded only for --show: OpenCV's highgui brings Qt or GTK
/// along, which no other run should pay for, and a machine without it can't show but do everything else.
#pragma once

#include <cstdint>

namespace vitral::apps {

constexpr const char* kWindowModule = "vitral_window.so";
constexpr const char* kWindowFunctions = "vitral_window_functions";

/// Plain functions, none of which throws.
struct WindowFunctions {
  /// Shows RGB pixels [height, width, 3], fitted to the screen; the first picture opens the window. Null, or what went
  /// wrong: a text that lives until the next call.
  const char* (*show)(const char* title, const std::uint8_t* rgb, int width, int height);
  /// Waits for a key for so many milliseconds at most. -1: none was pressed.
  int (*key)(int milliseconds);
  /// False once the user has closed the window.
  bool (*open)(const char* title);
};

}  // namespace vitral::apps
