#include "common/image/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/image/resize.h"
#include "common/kernels/resize.h"

namespace vitral::image {
namespace {

constexpr std::uint8_t kLetterboxGround = 114;

/// Part of the resized picture that the input shows.
Window content_window(const Placement& p) {
  return {std::max(p.left, 0), std::max(p.top, 0), p.content_width(), p.content_height()};
}

Image resize_opencv(const Image& image, const Placement& p) {
  Image out = Image::uninitialized(p.resized_width, p.resized_height);
  const cv::Mat from(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat to(out.height, out.width, CV_8UC3, out.pixels.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_LINEAR);
  return out;
}

/// What lies between two inputs: PyTorch's upsample_bilinear2d with align_corners off. Its positions are
/// floats, computed by one fused operation: a plain product and difference would be off by 1e-4 grey level units.
struct Lerp {
  int low = 0, high = 0;
  float high_weight = 0;
};

std::vector<Lerp> lerps(int inputs, int outputs) {
  const float scale = static_cast<float>(inputs) / static_cast<float>(outputs);
  std::vector<Lerp> out(static_cast<std::size_t>(outputs));
  for (int i = 0; i < outputs; ++i) {
    const float position = std::max(std::fma(scale, static_cast<float>(i) + 0.5F, -0.5F), 0.0F);
    const int low = std::min(static_cast<int>(position), inputs - 1);
    const float weight = std::clamp(position - static_cast<float>(low), 0.0F, 1.0F);
    out[static_cast<std::size_t>(i)] = {low, std::min(low + 1, inputs - 1), weight};
  }
  return out;
}

/// Pointers to the planes of the input.
struct Planes {
  float* of[3];
  Planes(float* chw, std::size_t plane) : of{chw, chw + plane, chw + 2 * plane} {}
};

/// torchvision's detectors: normalised first, then resized, top left in a ground of zeros.
void write_interpolated(const Image& image, const Placement& p, const Preprocess& spec, std::span<float> chw) {
  const kernels::Normalization n = kernels::normalization_of(spec);
  const auto source = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  std::vector<float> floats(3 * source);
  float* const planes[3] = {floats.data(), floats.data() + source, floats.data() + 2 * source};
  kernels::normalize_rgb(image.pixels.data(), source, n, planes);
  const auto rows = lerps(image.height, p.resized_height), columns = lerps(image.width, p.resized_width);
  std::fill(chw.begin(), chw.end(), 0.0F);
  const Planes to(chw.data(), chw.size() / 3);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t y = 0; y < rows.size(); ++y) {
      const float* low = planes[c] + static_cast<std::size_t>(rows[y].low) * static_cast<std::size_t>(image.width);
      const float* high = planes[c] + static_cast<std::size_t>(rows[y].high) * static_cast<std::size_t>(image.width);
      const float bottom = rows[y].high_weight, top = 1.0F - bottom;
      float* out = to.of[c] + y * static_cast<std::size_t>(p.width);
      for (const Lerp& x : columns) {
        const float right = x.high_weight, left = 1.0F - right;
        *out++ = top * (left * low[x.low] + right * low[x.high]) + bottom * (left * high[x.low] + right * high[x.high]);
      }
    }
  }
}

/// Back to the nearest grey levels.
Image levels_of(std::span<const float> chw, const Placement& p, const Preprocess& spec) {
  const kernels::Normalization n = kernels::normalization_of(spec);
  Image out = Image::uninitialized(p.width, p.height);
  const std::size_t plane = chw.size() / 3;
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = chw[(n.bgr ? 2 - c : c) * plane + i];
      const float level = (value * n.std[c] + n.mean[c]) * n.divisor;
      out.pixels[3 * i + c] = static_cast<std::uint8_t>(std::clamp(level + 0.5F, 0.0F, 255.0F));
    }
  }
  return out;
}

Image resized_content(const Image& image, const Placement& p, const Preprocess& spec) {
  if (spec.rule == ResizeRule::letterbox) return resize_opencv(image, p);
  return resize(image, p.resized_width, p.resized_height, spec.interpolation, content_window(p));
}

/// `content` on a ground of one grey level, at its place in the input.
Image on_ground(Image content, const Placement& p, std::uint8_t ground) {
  if (content.width == p.width && content.height == p.height) return content;
  Image out = Image::uninitialized(p.width, p.height);
  std::memset(out.pixels.data(), ground, out.pixels.size());
  for (int y = 0; y < content.height; ++y) {
    std::memcpy(out.row(p.content_top() + y) + static_cast<std::size_t>(p.content_left()) * 3, content.row(y),
                content.stride());
  }
  return out;
}

}  // namespace

Preprocessor::Preprocessor(Preprocess spec) : spec_(spec) {
  static_cast<void>(vitral::place(spec_, 1024, 1024));  // refuses what makes no sense before the first picture comes
}

void Preprocessor::write(const Image& image, const Placement& p, std::span<float> chw) const {
  const std::size_t plane = static_cast<std::size_t>(p.width) * static_cast<std::size_t>(p.height);
  if (chw.size() != 3 * plane) {
    throw Error(ErrorKind::failed, "preprocess",
                "the buffer has " + std::to_string(chw.size()) + " elements, expected " + std::to_string(3 * plane));
  }
  if (spec_.rule == ResizeRule::torchvision_detector) return write_interpolated(image, p, spec_, chw);
  const kernels::Normalization n = kernels::normalization_of(spec_);
  const Planes to(chw.data(), plane);
  if (!pads_after_normalising(spec_.rule)) {
    return kernels::normalize_rgb(view(image, p).pixels.data(), plane, n, to.of);
  }
  const Image content = resized_content(image, p, spec_);
  if (content.width != p.width || content.height != p.height) std::fill(chw.begin(), chw.end(), 0.0F);
  for (int y = 0; y < content.height; ++y) {
    const std::size_t offset = static_cast<std::size_t>(y) * static_cast<std::size_t>(p.width);
    float* const row[3] = {to.of[0] + offset, to.of[1] + offset, to.of[2] + offset};
    kernels::normalize_rgb(content.row(y), static_cast<std::size_t>(content.width), n, row);
  }
}

Image Preprocessor::view(const Image& image, const Placement& p) const {
  if (spec_.rule == ResizeRule::torchvision_detector) {
    std::vector<float> chw(static_cast<std::size_t>(p.width) * static_cast<std::size_t>(p.height) * 3);
    write(image, p, chw);
    return levels_of(chw, p, spec_);
  }
  const std::uint8_t ground = spec_.rule == ResizeRule::letterbox ? kLetterboxGround : 0;
  return on_ground(resized_content(image, p, spec_), p, ground);
}

}  // namespace vitral::image
