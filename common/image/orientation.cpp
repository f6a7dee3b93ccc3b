#include "common/image/orientation.h"

#include <cstring>

namespace vitral::image {
namespace {

constexpr int kNone = -1;
constexpr int kTile = 32;  ///< pixels; a tile of source rows and of target rows both stay in the first-level cache

/// Target row y, column x shows source row y * dyy + x * dyx + y0 and column y * dxy + x * dxx + x0.
struct Turn {
  int x0, dxx, dxy, y0, dyx, dyy;
};

Turn turn_of(int orientation, int width, int height) {
  const int right = width - 1;
  const int bottom = height - 1;
  switch (orientation) {
    case 2:
      return {right, -1, 0, 0, 0, 1};
    case 3:
      return {right, -1, 0, bottom, 0, -1};
    case 4:
      return {0, 1, 0, bottom, 0, -1};
    case 5:
      return {0, 0, 1, 0, 1, 0};
    case 6:
      return {0, 0, 1, bottom, -1, 0};
    case 7:
      return {right, 0, -1, bottom, -1, 0};
    case 8:
      return {right, 0, -1, 0, 1, 0};
    default:
      return {0, 1, 0, 0, 0, 1};
  }
}

}  // namespace

int exif_orientation(ByteView block) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  constexpr unsigned kTag = 0x0112, kShort = 3, kLong = 4;
  while (block.starts_with(kPrefix)) block = block.slice(kPrefix.size());
  const bool big = block.starts_with(std::string_view("MM\0*", 4));
  if (!big && !block.starts_with(std::string_view("II*\0", 4))) return kNone;
  const auto u16 = [&](std::uint64_t at) -> std::uint32_t { return big ? block.be16(at) : block.le16(at); };
  const auto u32 = [&](std::uint64_t at) { return big ? block.be32(at) : block.le32(at); };
  const std::uint64_t directory = u32(4);
  const unsigned entries = u16(directory);
  for (unsigned i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + std::uint64_t{i} * 12;
    if (!block.has(entry, 12)) break;
    if (u16(entry) != kTag || u32(entry + 4) != 1) continue;
    if (u16(entry + 2) == kShort) return static_cast<int>(u16(entry + 8));
    if (u16(entry + 2) == kLong) return static_cast<int>(std::min<std::uint32_t>(u32(entry + 8), 0xFFFF));
  }
  return kNone;
}

int xmp_orientation(ByteView packet) {
  constexpr std::string_view kKey = "tiff:Orientation";
  const std::string_view text = packet.text();
  for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
    std::string_view value = text.substr(at + kKey.size());
    if (value.starts_with("=\"")) {
      value.remove_prefix(2);
    } else if (value.starts_with('>')) {
      value.remove_prefix(1);
    } else {
      continue;
    }
    if (!value.empty() && value[0] >= '0' && value[0] <= '9') return value[0] - '0';
  }
  return kNone;
}

int choose_orientation(int exif, int xmp) {
  const int stated = exif != kNone ? exif : xmp;
  return stated >= 1 && stated <= 8 ? stated : 1;
}

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool swapped = orientation >= 5;
  Image out = Image::uninitialized(swapped ? image.height : image.width, swapped ? image.width : image.height);
  const Turn turn = turn_of(orientation, image.width, image.height);
  const std::ptrdiff_t step = (turn.dxx + static_cast<std::ptrdiff_t>(turn.dyx) * image.width) * 3;
  for (int top = 0; top < out.height; top += kTile) {
    for (int left = 0; left < out.width; left += kTile) {
      const int columns = std::min(kTile, out.width - left);
      for (int y = top; y < std::min(top + kTile, out.height); ++y) {
        const std::uint8_t* from =
            image.row(turn.y0 + y * turn.dyy + left * turn.dyx) + (turn.x0 + y * turn.dxy + left * turn.dxx) * 3;
        std::uint8_t* to = out.row(y) + static_cast<std::size_t>(left) * 3;
        for (int x = 0; x < columns; ++x, from += step, to += 3) std::memcpy(to, from, 3);
      }
    }
  }
  return out;
}

}  // namespace vitral::image
