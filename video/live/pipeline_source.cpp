#include "video/live/pipeline_source.h"

#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/core/error.h"
#include "common/core/module.h"
#include "common/core/text.h"
#include "video/live/pipeline_module.h"

namespace vitral::video {
namespace {

const PipelineFunctions& functions_for(const std::string& name) {
  const auto path = module_path(kPipelineModule);
  if (path.empty()) {
    throw Error(ErrorKind::unavailable, name, "this build plays no pipelines: it was made without OpenCV's videoio");
  }
  std::string why;
  const auto* found = static_cast<const PipelineFunctions*>(module_symbol(path, kPipelineFunctions, why));
  if (found == nullptr) throw Error(ErrorKind::unavailable, name, "GStreamer can't be loaded: " + printable(why, 300));
  return *found;
}

/// With its end: what hands pictures over. Two wait at most, and none is held back until its time.
std::string with_sink(const std::string& description) {
  if (description.find("appsink") != std::string::npos) return description;
  return description + " ! videoconvert ! video/x-raw,format=BGR ! appsink sync=false max-buffers=2";
}

class PipelineSource : public LiveSource {
 public:
  PipelineSource(const PipelineFunctions& functions, const std::string& description, std::string name)
      : functions_(functions), name_(std::move(name)), pipeline_(functions.open(description.c_str())) {
    if (pipeline_ == nullptr) throw Error(ErrorKind::lost, name_, "the pipeline does not begin to play");
  }
  ~PipelineSource() override { functions_.close(pipeline_); }
  PipelineSource(const PipelineSource&) = delete;
  PipelineSource& operator=(const PipelineSource&) = delete;

  Step next(const Deadline& deadline) override {
    if (functions_.next(pipeline_)) return Step::frame;
    why_ = name_ + ": " + (deadline.passed() ? "gave no picture in time" : "the pipeline has ended");
    return Step::lost;
  }

  image::Image picture() override {
    int width = 0, height = 0;
    functions_.picture(pipeline_, &width, &height, nullptr);
    auto picture = image::Image::uninitialized(width, height);
    functions_.picture(pipeline_, &width, &height, picture.pixels.data());
    return picture;
  }

  std::optional<double> own_ms() const override { return std::nullopt; }
  Rational frame_rate() const override {
    const double rate = functions_.rate(pipeline_);
    return std::isfinite(rate) && rate > 0 && rate < 1000 ? Rational{std::llround(rate * 1000), 1000} : Rational{};
  }
  const std::string& why() const override { return why_; }

 private:
  const PipelineFunctions& functions_;
  std::string name_;
  void* pipeline_;
  std::string why_;
};

}  // namespace

bool names_pipeline(const std::string& text) {
  std::error_code ignored;
  return text.find(" ! ") != std::string::npos && !std::filesystem::exists(text, ignored);
}

LiveOpener pipeline_opener(const std::string& description) {
  const auto name = printable(description, 1'000);
  const auto& functions = functions_for(name);
  const auto whole = with_sink(description);
  bool available = false;
  if (const char* why = functions.refusal(whole.c_str(), &available)) {
    throw Error(available ? ErrorKind::input : ErrorKind::unavailable, name, printable(why, 300));
  }
  return
      [&functions, whole, name](const Deadline&) { return std::make_unique<PipelineSource>(functions, whole, name); };
}

}  // namespace vitral::video
