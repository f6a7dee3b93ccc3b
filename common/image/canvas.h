/// Plain drawing into a picture: rectangles, pictures, smooth text. Everything is clipped to the picture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/image/image.h"

namespace vitral::image {

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;
};

/// Black or white, whichever is easier to read on `ground`.
Color ink_on(Color ground);

struct PixelBox {
  int left = 0, top = 0, width = 0, height = 0;
};

/// Letters of one size. `height` is that of a capital letter in pixels. Only ASCII has shapes; other characters are
/// drawn as one question mark each.
struct Font {
  int height = 9;
  bool bold = false;
};

int text_width(std::string_view text, const Font& font);

/// `text`, or as much of it as fits into `width` pixels with "..." behind it.
std::string fitted(std::string_view text, const Font& font, int width);

class Canvas {
 public:
  explicit Canvas(Image& image) : image_(image) {}

  void fill(const PixelBox& box, Color color);
  /// Lines of `thickness` pixels along the inside of `box`.
  void outline(const PixelBox& box, int thickness, Color color);
  void paste(const Image& picture, int left, int top);
  /// `top` is that of a capital letter.
  void text(std::string_view text, int left, int top, const Font& font, Color color);

 private:
  Image& image_;
};

}  // namespace vitral::image
