// The sizes that a picture takes on its way into the network, rule by rule. Python's int() rounds towards zero, its
// round() and std::nearbyint half to even.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "common/core/error.h"
#include "common/core/preprocess.h"

namespace vitral {
namespace {

/// The picture's own shape decides the input's shape.
bool follows_shape(ResizeRule rule) {
  return rule == ResizeRule::detr || rule == ResizeRule::detr_transformers || rule == ResizeRule::torchvision_detector;
}

double letterbox_ratio(const Preprocess& spec, int source_width, int source_height) {
  return std::min(static_cast<double>(spec.height) / source_height, static_cast<double>(spec.width) / source_width);
}

/// Python's int(): rounds towards zero. Sizes that are no sizes are refused.
int whole(double size, int source_width, int source_height) {
  if (size >= 1 && size <= std::numeric_limits<int>::max()) return static_cast<int>(size);
  throw Error(ErrorKind::input, "preprocess",
              "a picture of " + std::to_string(source_width) + "x" + std::to_string(source_height) +
                  " pixels is too narrow for this model: a side would become " + (size < 1 ? "0" : "more than 2^31") +
                  " pixels");
}

/// Python's int(round((size - crop) / 2.0)), and what torchvision's CenterCrop pads where the picture is too small.
int crop_offset(ResizeRule rule, int size, int crop) {
  if (crop > size) return -((crop - size) / 2);
  if (rule == ResizeRule::convnext) return (size - crop) / 2;
  return static_cast<int>(std::nearbyint((size - crop) / 2.0));
}

/// Fills in the resized sizes of one picture, rule by rule.
class Sizes {
 public:
  Sizes(const Preprocess& spec, int width, int height) : spec_(spec), width_(width), height_(height) {}

  Placement place() {
    switch (spec_.rule) {
      case ResizeRule::timm:
        timm();
        break;
      case ResizeRule::torchvision:
      case ResizeRule::convnext:
        short_side(spec_.resize, spec_.resize);
        break;
      case ResizeRule::squash:
        resized(spec_.resize > 0 ? spec_.resize : spec_.width, spec_.resize > 0 ? spec_.resize : spec_.height);
        break;
      case ResizeRule::detr:
        detr(false);
        break;
      case ResizeRule::detr_transformers:
        detr(true);
        break;
      case ResizeRule::letterbox:
        letterbox();
        break;
      case ResizeRule::torchvision_detector:
        torchvision_detector();
        break;
    }
    Placement out{width_, height_, resized_width_, resized_height_, 0, 0, spec_.width, spec_.height};
    if (follows_shape(spec_.rule)) {
      out.width = padded(resized_width_);
      out.height = padded(resized_height_);
    } else if (spec_.rule != ResizeRule::letterbox) {
      out.left = crop_offset(spec_.rule, resized_width_, spec_.width);
      out.top = crop_offset(spec_.rule, resized_height_, spec_.height);
    }
    return out;
  }

 private:
  void resized(double width, double height) {
    resized_width_ = whole(width, width_, height_);
    resized_height_ = whole(height, width_, height_);
  }

  /// The short side becomes `size`, the long one int(factor * long / short).
  void short_side(double size, double factor) {
    if (width_ <= height_) {
      resized(size, factor * height_ / width_);
    } else {
      resized(factor * width_ / height_, size);
    }
  }

  void timm() {
    const double height = std::floor(spec_.height / spec_.crop_pct);
    const double width = std::floor(spec_.width / spec_.crop_pct);
    if (height == width) return short_side(height, height);
    const double ratio = std::min(height_ / height, width_ / width);
    resized(std::nearbyint(width_ / ratio), std::nearbyint(height_ / ratio));
  }

  void detr(bool unrounded_long_side) {
    const double shorter = std::min(width_, height_), longer = std::max(width_, height_);
    double size = spec_.resize, factor = spec_.resize;
    if (longer / shorter * size > spec_.longest) {
      const double exact = spec_.longest * shorter / longer;
      size = std::nearbyint(exact);
      factor = unrounded_long_side ? exact : size;
    }
    if (size == shorter) return resized(width_, height_);
    short_side(size, factor);
  }

  void letterbox() {
    const double ratio = letterbox_ratio(spec_, width_, height_);
    resized(width_ * ratio, height_ * ratio);
  }

  void torchvision_detector() {
    const double shorter = std::min(width_, height_), longer = std::max(width_, height_);
    const double scale = std::min(spec_.resize / shorter, spec_.longest / longer);
    resized(std::floor(width_ * scale), std::floor(height_ * scale));
  }

  int padded(int size) const {
    const std::int64_t multiple = spec_.pad_multiple;
    return whole(static_cast<double>((size + multiple - 1) / multiple * multiple), width_, height_);
  }

  const Preprocess& spec_;
  int width_, height_;
  int resized_width_ = 0, resized_height_ = 0;
};

}  // namespace

bool pads_after_normalising(ResizeRule rule) {
  return follows_shape(rule);
}

std::string fault_of(const Preprocess& p) {
  constexpr int kLargest = 1 << 20;
  const auto sane = [](int size, int least) { return size >= least && size <= kLargest; };
  const bool free_shape = follows_shape(p.rule);
  if (!free_shape && (!sane(p.height, 1) || !sane(p.width, 1)))
    return "height and width have to be 1 to 1048576 pixels";
  const bool needs_resize = free_shape || p.rule == ResizeRule::torchvision || p.rule == ResizeRule::convnext;
  if (!sane(p.resize, needs_resize ? 1 : 0)) return "resize has to be 1 to 1048576 pixels";
  if (!sane(p.longest, free_shape ? 1 : 0)) return "longest has to be 1 to 1048576 pixels";
  if (!sane(p.pad_multiple, 1) || p.pad_multiple > 4096) return "pad_multiple has to be 1 to 4096 pixels";
  if (!(p.crop_pct > 0.01 && p.crop_pct <= 100)) return "crop_pct has to be 0.01 to 100";
  for (std::size_t c = 0; c < 3; ++c) {
    if (!std::isfinite(p.mean[c]) || !std::isfinite(p.std[c]) || p.std[c] == 0) {
      return "mean and std have to be finite, std not 0";
    }
  }
  return {};
}

int Placement::content_width() const {
  return std::min(width, resized_width - left) - content_left();
}
int Placement::content_height() const {
  return std::min(height, resized_height - top) - content_top();
}

Placement place(const Preprocess& preprocess, int source_width, int source_height) {
  if (const std::string fault = fault_of(preprocess); !fault.empty()) {
    throw Error(ErrorKind::usage, "preprocess", fault);
  }
  if (source_width < 1 || source_height < 1) throw Error(ErrorKind::input, "preprocess", "the picture has no pixels");
  return Sizes(preprocess, source_width, source_height).place();
}

Box to_source(const Preprocess& preprocess, const Placement& p, const Box& box) {
  double across = static_cast<double>(p.source_width) / p.resized_width;
  double down = static_cast<double>(p.source_height) / p.resized_height;
  if (preprocess.rule == ResizeRule::letterbox) {
    across = down = 1.0 / letterbox_ratio(preprocess, p.source_width, p.source_height);
  }
  return {(box.xmin + p.left) * across, (box.ymin + p.top) * down, (box.xmax + p.left) * across, (box.ymax + p.top) * down};
}

}  // namespace vitral
