/// Changing colours, bit for bit as Pillow's ImageEnhance and ImageOps (13.0) and torchvision's hue do.
#pragma once

#include "common/image/image.h"

namespace vitral {

// factor 1 changes nothing, 0 gives black, one grey, no colour, and a blurred picture.
image::Image brightness(image::Image picture, double factor);
image::Image contrast(image::Image picture, double factor);
image::Image saturation(image::Image picture, double factor);
image::Image sharpness(const image::Image& picture, double factor);
/// Turns the colour circle by `turn`, -0.5 to 0.5 of the whole.
image::Image hue(image::Image picture, double turn);

image::Image autocontrast(image::Image picture);
image::Image equalize(image::Image picture);
image::Image invert(image::Image picture);
/// Keeps the `bits` high bits of each channel, 0 to 8.
image::Image posterize(image::Image picture, int bits);
/// Inverts what is at or above `threshold`.
image::Image solarize(image::Image picture, int threshold);
/// Adds `amount` to what is below 128, up to 255.
image::Image solarize_add(image::Image picture, int amount);

}  // namespace vitral
