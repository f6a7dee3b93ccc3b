/// Which way up a picture is: EXIF and XMP records, and turning pixels accordingly.
#pragma once

#include "common/image/bytes.h"
#include "common/image/image.h"

namespace vitral::image {

/// The orientation (tag 0x0112 of the first directory) of an EXIF block, with or without its "Exif\0\0" prefix.
/// Any number as it is written there, -1 where there is none: broken blocks have none.
int exif_orientation(ByteView block);

/// The orientation of an XMP packet (tiff:Orientation as attribute or element), -1 where there is none.
int xmp_orientation(ByteView packet);

/// One number 1 to 8 out of both, EXIF first, as Pillow decides; 1 (upright) for anything else.
int choose_orientation(int exif, int xmp);

/// The picture turned upright; `orientation` 1 to 8 as EXIF 2.3 (JEITA CP-3451, 4.6.4) defines them.
Image upright(Image image, int orientation);

}  // namespace vitral::image
