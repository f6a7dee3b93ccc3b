/// Encoded pictures to pixels, as Pillow's `ImageOps.exif_transpose(picture).convert("RGB")` gives them.
///
/// JPEG, PNG, BMP, WebP by content, PNM by content under its own extension; everything else is refused by its name. The
/// header is read and judged before anything is decoded. Pixels that are lost (a truncated file) make a picture
/// unreadable.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "common/core/limits.h"
#include "common/image/image.h"

namespace vitral::image {

/// The upright RGB picture of `bytes`. Grey is repeated, alpha dropped (not blended), palettes looked up, of 16-bit
/// samples the high byte is taken, CMYK becomes c * k / 255 of the inverted values, rounded. EXIF orientation 1 to 8 is
/// applied. `name` is the file's name for messages; only its extension is looked at. Reentrant. Throws Error(input,
/// name, …) for what is no readable picture, or one beyond `limits`.
Image decode(std::span<const std::byte> bytes, std::string_view name, const Limits& limits = {});

/// Reads and decodes a regular file. Throws Error(input).
Image read_image(const std::filesystem::path& path, const Limits& limits = {});

}  // namespace vitral::image
