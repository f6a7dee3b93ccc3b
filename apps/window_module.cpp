// The module behind --show: a window of OpenCV's highgui.
#include "apps/window_module.h"

#include <algorithm>
#include <opencv2/highgui.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

namespace vitral::apps {
namespace {

constexpr double kMostWidth = 1280, kMostHeight = 800;  ///< a window that fits on any screen; the user may enlarge it

void open_window(const char* title, int width, int height) {
  cv::namedWindow(title, cv::WINDOW_NORMAL | cv::WINDOW_KEEPRATIO | cv::WINDOW_GUI_NORMAL);
  const double scale = std::min({1.0, kMostWidth / width, kMostHeight / height});
  cv::resizeWindow(title, std::max(1, static_cast<int>(width * scale)), std::max(1, static_cast<int>(height * scale)));
}

bool is_open(const char* title) {
  try {
    return cv::getWindowProperty(title, cv::WND_PROP_VISIBLE) > 0;
  } catch (const cv::Exception&) {
    return false;  // some backends throw for a window that is gone
  }
}

const char* show(const char* title, const std::uint8_t* rgb, int width, int height) {
  static std::string error;
  try {
    if (!is_open(title)) open_window(title, width, height);
    const cv::Mat picture(height, width, CV_8UC3, const_cast<std::uint8_t*>(rgb));
    cv::Mat bgr;
    cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
    cv::imshow(title, bgr);
    return nullptr;
  } catch (const std::exception& thrown) {
    error = thrown.what();
    return error.c_str();
  }
}

int key(int milliseconds) {
  try {
    return cv::waitKey(milliseconds);
  } catch (const cv::Exception&) {
    return -1;
  }
}

}  // namespace
}  // namespace vitral::apps

extern "C" const vitral::apps::WindowFunctions vitral_window_functions;
const vitral::apps::WindowFunctions vitral_window_functions{vitral::apps::show, vitral::apps::key,
                                                            vitral::apps::is_open};
