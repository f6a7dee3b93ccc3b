#include "common/image/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace vitral::image {
namespace {

// OpenCV's stroke font, drawn several times as large and averaged: its own small letters are jagged.
constexpr int kFace = cv::FONT_HERSHEY_DUPLEX;
constexpr int kOversampling = 4;
constexpr double kCapitalHeight = 21.0;  ///< of the face at scale 1, in pixels

double scale_of(const Font& font) {
  return font.height / kCapitalHeight;
}

int thickness_of(const Font& font) {
  return std::max(1, static_cast<int>(std::lround(font.height * kOversampling * (font.bold ? 0.165 : 0.115))));
}

/// One character of the font a character of the text.
std::string drawable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // goes on with the character before
    out += byte >= 0x20 && byte < 0x7F ? c : '?';
  }
  return out;
}

/// Width of drawable text, oversampled.
int stroke_width(const std::string& text, const Font& font) {
  int baseline = 0;
  return cv::getTextSize(text, kFace, scale_of(font) * kOversampling, 1, &baseline).width;
}

PixelBox clipped(const PixelBox& box, const Image& image) {
  const int left = std::clamp(box.left, 0, image.width), top = std::clamp(box.top, 0, image.height);
  const int right = std::clamp(box.left + box.width, left, image.width);
  const int bottom = std::clamp(box.top + box.height, top, image.height);
  return {left, top, right - left, bottom - top};
}

}  // namespace

Color ink_on(Color ground) {
  const int brightness = 299 * ground.red + 587 * ground.green + 114 * ground.blue;
  return brightness > 140'000 ? Color{16, 18, 22} : Color{255, 255, 255};
}

int text_width(std::string_view text, const Font& font) {
  return (stroke_width(drawable(text), font) + kOversampling - 1) / kOversampling;
}

std::string fitted(std::string_view text, const Font& font, int width) {
  std::string all = drawable(text);
  if (text_width(all, font) <= width) return all;
  while (!all.empty() && text_width(all + "...", font) > width) all.pop_back();
  return all + "...";
}

void Canvas::fill(const PixelBox& box, Color color) {
  const PixelBox b = clipped(box, image_);
  for (int y = b.top; y < b.top + b.height; ++y) {
    std::uint8_t* to = image_.row(y) + static_cast<std::size_t>(b.left) * 3;
    for (int x = 0; x < b.width; ++x, to += 3) to[0] = color.red, to[1] = color.green, to[2] = color.blue;
  }
}

void Canvas::outline(const PixelBox& box, int thickness, Color color) {
  fill({box.left, box.top, box.width, std::min(thickness, box.height)}, color);
  fill({box.left, box.top + box.height - thickness, box.width, std::min(thickness, box.height)}, color);
  fill({box.left, box.top, std::min(thickness, box.width), box.height}, color);
  fill({box.left + box.width - thickness, box.top, std::min(thickness, box.width), box.height}, color);
}

void Canvas::paste(const Image& picture, int left, int top) {
  const PixelBox b = clipped({left, top, picture.width, picture.height}, image_);
  for (int y = b.top; y < b.top + b.height; ++y) {
    std::memcpy(image_.row(y) + static_cast<std::size_t>(b.left) * 3,
                picture.row(y - top) + static_cast<std::size_t>(b.left - left) * 3,
                static_cast<std::size_t>(b.width) * 3);
  }
}

void Canvas::text(std::string_view text, int left, int top, const Font& font, Color color) {
  const std::string shown = drawable(text);
  const int above = font.height / 2, below = font.height;  // room for brackets, accents and tails
  const cv::Size room(stroke_width(shown, font) / kOversampling + font.height, above + font.height + below);
  cv::Mat strokes(room * kOversampling, CV_8U, cv::Scalar(0)), cover;
  cv::putText(strokes, shown, {0, (above + font.height) * kOversampling}, kFace, scale_of(font) * kOversampling, 255,
              thickness_of(font), cv::LINE_AA);
  cv::resize(strokes, cover, room, 0, 0, cv::INTER_AREA);
  const std::uint8_t ink[3] = {color.red, color.green, color.blue};
  const PixelBox b = clipped({left, top - above, room.width, room.height}, image_);
  for (int y = b.top; y < b.top + b.height; ++y) {
    const std::uint8_t* alpha = cover.ptr<std::uint8_t>(y - top + above) + (b.left - left);
    std::uint8_t* to = image_.row(y) + static_cast<std::size_t>(b.left) * 3;
    for (int x = 0; x < b.width; ++x) {
      for (const std::uint8_t level : ink) {
        *to = static_cast<std::uint8_t>((level * alpha[x] + *to * (255 - alpha[x]) + 127) / 255);
        ++to;
      }
    }
  }
}

}  // namespace vitral::image
