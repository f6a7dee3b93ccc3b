// The module behind GStreamer pipelines as sources: OpenCV's videoio with its GStreamer backend.
#include "video/live/pipeline_module.h"

#include <dlfcn.h>

#include <memory>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <opencv2/videoio/registry.hpp>
#include <string>

namespace vitral::video {
namespace {

struct Pipeline {
  cv::VideoCapture capture;
  cv::Mat picture;  ///< as it came: BGR or grey
};

/// GStreamer's own word on a description. OpenCV, which has loaded the library, keeps its reasons to itself.
class Parser {
 public:
  Parser() {
    find(init_, "gst_init");
    find(parse_, "gst_parse_launch");
    find(unref_, "gst_object_unref");
    find(free_, "g_error_free");
    if (works()) init_(nullptr, nullptr);
  }

  /// Empty for a description that is understood.
  std::string refusal(const char* description) const {
    if (!works()) return {};
    GError* error = nullptr;
    if (void* const pipeline = parse_(description, &error)) unref_(pipeline);
    if (error == nullptr) return {};
    const std::string why = error->message;
    free_(error);
    return why;
  }

 private:
  struct GError {
    std::uint32_t domain;
    int code;
    const char* message;
  };
  template <class Function>
  static void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
    if (function != nullptr) return;
    // The module was loaded for itself: what it depends on is found through its own library.
    if (void* const library = ::dlopen("libgstreamer-1.0.so.0", RTLD_NOW | RTLD_NOLOAD))
      function = reinterpret_cast<Function>(::dlsym(library, name));
  }
  bool works() const { return init_ && parse_ && unref_ && free_; }

  void (*init_)(int*, char***);
  void* (*parse_)(const char*, GError**);
  void (*unref_)(void*);
  void (*free_)(GError*);
};

const char* refusal(const char* description, bool* available) {
  thread_local std::string why;
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  *available = cv::videoio_registry::hasBackend(cv::CAP_GSTREAMER);
  if (!*available) return "this machine's OpenCV was built without GStreamer";
  static const Parser parser;
  why = parser.refusal(description);
  return why.empty() ? nullptr : why.c_str();
}

void* open(const char* description) {
  try {
    auto pipeline = std::make_unique<Pipeline>();
    return pipeline->capture.open(description, cv::CAP_GSTREAMER) ? pipeline.release() : nullptr;
  } catch (const std::exception&) {
    return nullptr;
  }
}

void close(void* pipeline) {
  delete static_cast<Pipeline*>(pipeline);
}

bool next(void* pipeline) {
  auto& [capture, picture] = *static_cast<Pipeline*>(pipeline);
  try {
    return capture.read(picture) && picture.depth() == CV_8U && (picture.channels() == 3 || picture.channels() == 1);
  } catch (const std::exception&) {
    return false;
  }
}

void picture(void* pipeline, int* width, int* height, std::uint8_t* rgb) {
  const auto& from = static_cast<Pipeline*>(pipeline)->picture;
  *width = from.cols;
  *height = from.rows;
  if (rgb == nullptr) return;
  cv::Mat to(from.rows, from.cols, CV_8UC3, rgb);
  cv::cvtColor(from, to, from.channels() == 1 ? cv::COLOR_GRAY2RGB : cv::COLOR_BGR2RGB);
}

double rate(void* pipeline) {
  return static_cast<Pipeline*>(pipeline)->capture.get(cv::CAP_PROP_FPS);
}

}  // namespace
}  // namespace vitral::video

extern "C" const vitral::video::PipelineFunctions vitral_pipeline_functions;
const vitral::video::PipelineFunctions vitral_pipeline_functions{vitral::video::refusal, vitral::video::open,
                                                                 vitral::video::close,   vitral::video::next,
                                                                 vitral::video::picture, vitral::video::rate};
