/// Results for people's eyes: labelled boxes, contact sheets, and the pictures as encoded bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/image/image.h"

namespace vitral::image {

struct LabelledBox {
  float xmin = 0, ymin = 0, xmax = 0, ymax = 0;  ///< pixels of the picture
  std::string text;                              ///< "person 0.98"; not drawn where empty
  int color = 0;                                 ///< index of a colour, usually the class id
};

/// Draws the boxes into `image`, lines and letters scaled to its size.
void draw_boxes(Image& image, std::span<const LabelledBox> boxes);

/// A line through points of the picture.
struct Polyline {
  std::vector<std::pair<float, float>> points;  ///< x, y in pixels
  int color = 0;                                ///< as that of a box
  bool closed = false;                          ///< the last point is joined to the first
};

/// Draws the lines into `image`, as thick as the lines of boxes. Lines with a point that is not finite are left out.
void draw_lines(Image& image, std::span<const Polyline> lines);

/// One picture of a contact sheet with its best classes.
struct Card {
  Image picture;                                      ///< any size; thumbnail() first keeps memory low
  std::string title;                                  ///< the file's name
  std::vector<std::pair<std::string, float>> scores;  ///< label and probability in [0, 1], best first
};

struct SheetOptions {
  int columns = 4;
  int card_width = 320;  ///< pixels
  std::string title;     ///< above the grid; none where empty
};

/// `image` made smaller (never larger) to fit into max_width x max_height.
Image thumbnail(const Image& image, int max_width, int max_height);

/// `image` in the middle of a black picture of that size, made smaller where it does not fit.
Image fitted(const Image& image, int width, int height);

/// A grid of cards: picture, title and a bar a class. Throws Error(usage) for no cards or columns.
Image contact_sheet(std::span<const Card> cards, const SheetOptions& options = {});

std::vector<std::byte> encode_png(const Image& image);
std::vector<std::byte> encode_jpeg(const Image& image, int quality = 90);

}  // namespace vitral::image
