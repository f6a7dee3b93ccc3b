#include "common/image/draw.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/core/error.h"
#include "common/image/canvas.h"
#include "common/image/resize.h"

namespace vitral::image {
namespace {

constexpr Color kGround{18, 20, 26}, kCardGround{32, 36, 45}, kPictureGround{10, 11, 14};
constexpr Color kTitle{240, 242, 246}, kText{196, 202, 214}, kFaint{128, 136, 152};
constexpr Color kTrack{52, 58, 71}, kBar{86, 156, 255}, kBestBar{74, 211, 149};

constexpr int kMargin = 16, kPadding = 12;
constexpr int kScoreHeight = 31;  ///< label, bar and the space behind
constexpr Font kTitleFont{10, true}, kTextFont{9, false}, kHeadFont{16, true};
constexpr int kLargestSide = 65'000;  ///< what JPEG can hold

/// Colours far apart for neighbouring indices: hues by the golden ratio.
Color color_of(int index) {
  const double hue = std::fmod(0.58 + static_cast<double>(static_cast<unsigned>(index)) * 0.6180339887, 1.0) * 6.0;
  const auto channel = [&](double shift) {
    const double t = std::fmod(hue + shift, 6.0);
    const double level = std::clamp(std::min(t, 4.0 - t), 0.0, 1.0);
    return static_cast<std::uint8_t>(std::lround(255.0 * (0.22 + 0.78 * level)));
  };
  return {channel(2.0), channel(0.0), channel(4.0)};
}

std::string percent(float share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100.0 * static_cast<double>(share));
  return text;
}

int picture_height(const SheetOptions& options) {
  return options.card_width * 3 / 4;
}

int card_height(const SheetOptions& options, std::size_t scores) {
  return picture_height(options) + 2 * kPadding + kTitleFont.height + 6 + static_cast<int>(scores) * kScoreHeight;
}

void draw_score(Canvas& canvas, const std::pair<std::string, float>& score, bool best, const PixelBox& place) {
  const float share = std::isfinite(score.second) ? std::clamp(score.second, 0.0F, 1.0F) : 0.0F;
  const std::string value = percent(share);
  const int value_width = text_width(value, kTextFont);
  canvas.text(fitted(score.first, kTextFont, place.width - value_width - kPadding), place.left, place.top, kTextFont,
              best ? kTitle : kText);
  canvas.text(value, place.left + place.width - value_width, place.top, kTextFont, best ? kTitle : kFaint);
  const PixelBox track{place.left, place.top + kTextFont.height + 7, place.width, 4};
  canvas.fill(track, kTrack);
  canvas.fill(
      {track.left, track.top, static_cast<int>(std::lround(share * static_cast<float>(track.width))), track.height},
      best ? kBestBar : kBar);
}

void draw_card(Canvas& canvas, const Card& card, const SheetOptions& options, const PixelBox& place) {
  canvas.fill(place, kCardGround);
  const int height = picture_height(options);
  canvas.fill({place.left, place.top, place.width, height}, kPictureGround);
  if (!card.picture.empty()) {
    const Image small = thumbnail(card.picture, place.width, height);
    canvas.paste(small, place.left + (place.width - small.width) / 2, place.top + (height - small.height) / 2);
  }
  const int left = place.left + kPadding, width = place.width - 2 * kPadding;
  int top = place.top + height + kPadding;
  canvas.text(fitted(card.title, kTitleFont, width), left, top, kTitleFont, kTitle);
  top += kTitleFont.height + 14;
  for (std::size_t i = 0; i < card.scores.size(); ++i, top += kScoreHeight) {
    draw_score(canvas, card.scores[i], i == 0, {left, top, width, kScoreHeight});
  }
}

/// The box on whole pixels inside the picture; empty where nothing of it is.
PixelBox on_pixels(const LabelledBox& box, const Image& image) {
  if (!std::isfinite(box.xmin + box.ymin + box.xmax + box.ymax)) return {};
  const auto clip = [](float value, int size) {
    return static_cast<int>(std::lround(std::clamp(value, 0.0F, static_cast<float>(size))));
  };
  const int left = clip(box.xmin, image.width), top = clip(box.ymin, image.height);
  return {left, top, clip(box.xmax, image.width) - left, clip(box.ymax, image.height) - top};
}

bool overlap(const PixelBox& a, const PixelBox& b) {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
}

/// A label above its box or, where other labels or the edge are in the way, inside it, below it, or at its right end.
PixelBox place_label(const Image& image, const PixelBox& box, int width, int height, std::span<const PixelBox> others) {
  const auto inside = [&](int left, int top) {
    return PixelBox{std::clamp(left, 0, std::max(image.width - width, 0)),
                    std::clamp(top, 0, std::max(image.height - height, 0)), width, height};
  };
  const int right = box.left + box.width - width, below = box.top + box.height;
  const bool room_above = box.top >= height;
  const PixelBox usual = inside(box.left, room_above ? box.top - height : box.top);
  for (const PixelBox& place : {usual, inside(box.left, box.top), inside(box.left, below), inside(right, below),
                                inside(right, box.top - height)}) {
    if (std::none_of(others.begin(), others.end(), [&](const auto& other) { return overlap(place, other); }))
      return place;
  }
  return usual;
}

/// Labels of all boxes; the last box, drawn on top, chooses its place first.
void draw_labels(Canvas& canvas, const Image& image, std::span<const LabelledBox> boxes, const Font& font) {
  const int gap = std::max(2, font.height / 3);
  std::vector<PixelBox> places;
  for (std::size_t i = boxes.size(); i-- > 0;) {
    const PixelBox box = on_pixels(boxes[i], image);
    if (box.width <= 0 || box.height <= 0 || boxes[i].text.empty()) continue;
    const std::string shown = fitted(boxes[i].text, font, std::max(image.width - 2 * gap, 1));
    const auto place = place_label(image, box, text_width(shown, font) + 2 * gap, font.height + 2 * gap, places);
    const bool free =
        std::none_of(places.begin(), places.end(), [&](const auto& other) { return overlap(place, other); });
    places.push_back(place);
    if (!free) continue;  // a label under another one could not be read
    const Color color = color_of(boxes[i].color);
    canvas.fill(place, color);
    canvas.text(shown, place.left + gap, place.top + gap, font, ink_on(color));
  }
}

std::vector<std::byte> encode(const Image& image, const char* extension, const std::vector<int>& parameters) {
  if (image.empty()) throw Error(ErrorKind::failed, "picture", "has no pixels to encode");
  const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(extension, bgr, bytes, parameters)) {
    throw Error(ErrorKind::failed, "picture", "can't be encoded as " + std::string(extension + 1));
  }
  const auto whole = std::as_bytes(std::span(bytes));
  return {whole.begin(), whole.end()};
}

int line_thickness(const Image& image) {
  const int side = std::min(image.width, image.height);
  return std::max(side < 240 ? 1 : 2, side / 300);
}

}  // namespace

void draw_lines(Image& image, std::span<const Polyline> lines) {
  static constexpr float kFarthest = 30'000;  // beyond it OpenCV's fixed-point coordinates overflow
  static constexpr int kShift = 4;
  cv::Mat canvas(image.height, image.width, CV_8UC3, image.pixels.data());
  for (const auto& line : lines) {
    std::vector<cv::Point> points;
    for (const auto& [x, y] : line.points) {
      if (!std::isfinite(x + y)) break;
      const auto fixed = [](float value) {
        return static_cast<int>(std::lround(std::clamp(value, -kFarthest, kFarthest) * (1 << kShift)));
      };
      points.emplace_back(fixed(x), fixed(y));
    }
    if (points.size() != line.points.size()) continue;
    const Color color = color_of(line.color);
    cv::polylines(canvas, points, line.closed, cv::Scalar(color.red, color.green, color.blue), line_thickness(image),
                  cv::LINE_AA, kShift);
  }
}

void draw_boxes(Image& image, std::span<const LabelledBox> boxes) {
  const int side = std::min(image.width, image.height);
  const int thickness = line_thickness(image);
  const Font font{std::clamp(side / 60, 7, 40), true};
  Canvas canvas(image);
  for (const LabelledBox& box : boxes) {
    const PixelBox place = on_pixels(box, image);
    if (place.width > 0 && place.height > 0) canvas.outline(place, thickness, color_of(box.color));
  }
  draw_labels(canvas, image, boxes, font);  // last: no line crosses them
}

Image thumbnail(const Image& image, int max_width, int max_height) {
  const double scale =
      std::min({1.0, static_cast<double>(max_width) / image.width, static_cast<double>(max_height) / image.height});
  const int width = std::max(1, static_cast<int>(std::lround(image.width * scale)));
  const int height = std::max(1, static_cast<int>(std::lround(image.height * scale)));
  return resize(image, width, height, Interpolation::lanczos);
}

Image fitted(const Image& image, int width, int height) {
  auto result = Image::uninitialized(width, height);
  std::fill(result.pixels.begin(), result.pixels.end(), std::uint8_t{0});
  const Image part = thumbnail(image, width, height);
  Canvas(result).paste(part, (width - part.width) / 2, (height - part.height) / 2);
  return result;
}

Image contact_sheet(std::span<const Card> cards, const SheetOptions& options) {
  if (cards.empty() || options.columns < 1 || options.card_width < 4 * kPadding) {
    throw Error(ErrorKind::usage, "contact sheet", "needs a picture, a column and room for a card");
  }
  const int columns = std::min(options.columns, static_cast<int>(std::min<std::size_t>(cards.size(), 1000)));
  const auto rows = static_cast<std::int64_t>((cards.size() - 1) / static_cast<std::size_t>(columns) + 1);
  std::size_t most_scores = 0;
  for (const Card& card : cards) most_scores = std::max(most_scores, card.scores.size());
  const std::int64_t head = options.title.empty() ? 0 : kHeadFont.height + 2 * kMargin;
  const std::int64_t card = card_height(options, std::min<std::size_t>(most_scores, 1000));
  const std::int64_t width = kMargin + std::int64_t{columns} * (options.card_width + kMargin);
  const std::int64_t height = head + kMargin + rows * (card + kMargin);
  if (width > kLargestSide || height > kLargestSide) {
    throw Error(ErrorKind::usage, "contact sheet",
                std::to_string(cards.size()) + " pictures are too many for one sheet");
  }
  Image sheet = Image::uninitialized(static_cast<int>(width), static_cast<int>(height));
  Canvas canvas(sheet);
  canvas.fill({0, 0, sheet.width, sheet.height}, kGround);
  const int top = static_cast<int>(head);
  if (top > 0)
    canvas.text(fitted(options.title, kHeadFont, sheet.width - 2 * kMargin), kMargin, kMargin + 4, kHeadFont, kTitle);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const int column = static_cast<int>(i) % columns, row = static_cast<int>(i) / columns;
    draw_card(canvas, cards[i], options,
              {kMargin + column * (options.card_width + kMargin),
               top + kMargin + row * (static_cast<int>(card) + kMargin), options.card_width, static_cast<int>(card)});
  }
  return sheet;
}

std::vector<std::byte> encode_png(const Image& image) {
  return encode(image, ".png", {cv::IMWRITE_PNG_COMPRESSION, 6});
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  return encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, std::clamp(quality, 1, 100)});
}

}  // namespace vitral::image
