#include "video/people/candidates.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/video/background_segm.hpp>
#include <tuple>

namespace vitral::video {
namespace {

constexpr int kHistory = 400;                 // frames that the background is learned over
constexpr double kSlowly = 1e-4;              // how fast it changes after that
constexpr int kForeground = 255;              // shadows have 127
constexpr double kSameThing = 0.45;           // overlap from which two candidates are one
constexpr double kNarrow = 1.3, kWide = 4.5;  // height through width of a person

cv::Mat view_of(const image::Image& frame) {
  return {frame.height, frame.width, CV_8UC3, const_cast<std::uint8_t*>(frame.pixels.data())};
}

Box to_box(const cv::Rect& rect) {
  return {static_cast<double>(rect.x), static_cast<double>(rect.y), static_cast<double>(rect.x + rect.width),
          static_cast<double>(rect.y + rect.height)};
}

}  // namespace

class PeopleFinder::Impl {
 public:
  explicit Impl(const PeopleOptions& options)
      : options_(options), background_(cv::createBackgroundSubtractorMOG2(kHistory, 25.0, true)) {
    hog_.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
  }

  void learn(const image::Image& frame) {
    cv::Mat ignored;
    background_->apply(view_of(frame), ignored);
  }

  std::vector<PersonCandidate> find(const image::Image& frame) {
    const cv::Mat foreground = foreground_of(frame);
    std::vector<PersonCandidate> candidates;
    for (const auto& rect : detected(frame)) {
      const cv::Rect tight = tightened(rect, foreground);
      if (!tight.empty() && has_size(tight)) add(candidates, {to_box(tight), true});
    }
    for (const auto& rect : moving(foreground)) {
      const double shape = static_cast<double>(rect.height) / rect.width;
      if (has_size(rect) && shape >= kNarrow && shape <= kWide) add(candidates, {to_box(rect), false});
    }
    return candidates;
  }

 private:
  bool has_size(const cv::Rect& rect) const {
    return rect.height >= options_.least_height && rect.height <= options_.most_height;
  }

  /// 255 where something differs from the background, without specks and with its holes closed.
  cv::Mat foreground_of(const image::Image& frame) {
    cv::Mat mask;
    background_->apply(view_of(frame), mask, kSlowly);
    cv::Mat foreground = mask == kForeground;
    cv::morphologyEx(foreground, foreground, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_ELLIPSE, {3, 3}));
    cv::morphologyEx(foreground, foreground, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 13}));
    return foreground;
  }

  std::vector<cv::Rect> detected(const image::Image& frame) const {
    cv::Mat grey, large;
    cv::cvtColor(view_of(frame), grey, cv::COLOR_RGB2GRAY);
    cv::resize(grey, large, {}, options_.enlarge, options_.enlarge, cv::INTER_LINEAR);
    std::vector<cv::Rect> found;
    std::vector<double> weights;
    hog_.detectMultiScale(large, found, weights, options_.hog_threshold, {8, 8}, {16, 16}, 1.05, 2.0);
    // The detector's threads find in any order.
    std::sort(found.begin(), found.end(), [](const cv::Rect& a, const cv::Rect& b) {
      return std::tie(a.x, a.y, a.width, a.height) < std::tie(b.x, b.y, b.width, b.height);
    });
    for (auto& rect : found) {
      const auto back = [&](double x) { return static_cast<int>(x / options_.enlarge); };
      // The detector's window has a margin around the person.
      rect = {back(rect.x + 0.14 * rect.width), back(rect.y + 0.08 * rect.height), back(0.72 * rect.width),
              back(0.84 * rect.height)};
    }
    return found;
  }

  /// The box around the foreground in and just around `rect`; empty where there is too little of it.
  cv::Rect tightened(const cv::Rect& rect, const cv::Mat& foreground) const {
    const cv::Rect whole(0, 0, foreground.cols, foreground.rows), inside = rect & whole;
    if (inside.empty() || cv::countNonZero(foreground(inside)) < options_.least_foreground * inside.area()) return {};
    const int margin_x = rect.width / 8, margin_y = rect.height / 12;
    const cv::Rect around =
        cv::Rect(rect.x - margin_x, rect.y - margin_y, rect.width + 2 * margin_x, rect.height + 2 * margin_y) & whole;
    const cv::Rect tight = cv::boundingRect(foreground(around));
    return {tight.x + around.x, tight.y + around.y, tight.width, tight.height};
  }

  std::vector<cv::Rect> moving(const cv::Mat& foreground) const {
    cv::Mat labels, stats, centres;
    const int count = cv::connectedComponentsWithStats(foreground, labels, stats, centres, 8);
    std::vector<cv::Rect> rects;
    for (int i = 1; i < count; ++i) {
      const cv::Rect rect(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                          stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
      if (stats.at<int>(i, cv::CC_STAT_AREA) >= options_.least_foreground * rect.area()) rects.push_back(rect);
    }
    return rects;
  }

  static void add(std::vector<PersonCandidate>& candidates, const PersonCandidate& candidate) {
    const auto same = [&](const PersonCandidate& other) { return iou(other.box, candidate.box) >= kSameThing; };
    if (std::none_of(candidates.begin(), candidates.end(), same)) candidates.push_back(candidate);
  }

  PeopleOptions options_;
  cv::Ptr<cv::BackgroundSubtractorMOG2> background_;
  cv::HOGDescriptor hog_;
};

PeopleFinder::PeopleFinder(const PeopleOptions& options) : impl_(std::make_unique<Impl>(options)) {}
PeopleFinder::~PeopleFinder() = default;
void PeopleFinder::learn(const image::Image& frame) {
  impl_->learn(frame);
}
std::vector<PersonCandidate> PeopleFinder::find(const image::Image& frame) {
  return impl_->find(frame);
}

}  // namespace vitral::video
