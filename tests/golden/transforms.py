"""What Pillow, timm, torchvision and facebookresearch/detr's rule make of pixels and boxes: checksums and coordinates.

Writes transforms.json beside this file. Made with Pillow 13.0.0, timm 1.0.31 and torchvision 0.26.0:
    python tests/golden/transforms.py
"""

import json
import pathlib

import torch
from PIL import Image, ImageEnhance, ImageOps
from pixels import checksum, pattern
from timm.data import auto_augment as timm_ops
from torchvision import tv_tensors
from torchvision.transforms import functional
from torchvision.transforms.v2 import functional as functional_v2

HERE = pathlib.Path(__file__).parent
SIZES = [(40, 29), (64, 64), (7, 90), (3, 3), (1, 5)]
FACTORS = [0.0, 0.1, 0.37, 0.9, 1.0, 1.3, 1.9, 2.7]
BOXES = [[3.0, 2.0, 20.5, 17.25], [0.0, 0.0, 40.0, 29.0], [35.0, 20.0, 39.0, 28.5], [1.0, 25.0, 6.0, 29.0]]


def pictures():
    return [Image.fromarray(pattern(w, h, seed=i)) for i, (w, h) in enumerate(SIZES)]


def colors(picture):
    out = {"autocontrast": [checksum(ImageOps.autocontrast(picture))], "equalize": [checksum(ImageOps.equalize(picture))],
           "invert": [checksum(ImageOps.invert(picture))],
           "posterize": [checksum(ImageOps.posterize(picture, bits)) for bits in range(1, 9)],
           "solarize": [checksum(ImageOps.solarize(picture, t)) for t in (0, 1, 100, 128, 255, 256)],
           "solarize_add": [checksum(timm_ops.solarize_add(picture, n)) for n in (0, 33, 110, 128)],
           "hue": [checksum(functional.adjust_hue(picture, turn)) for turn in (-0.5, -0.31, -0.002, 0.0, 0.1, 0.499, 0.5)]}
    for name, enhance in (("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast),
                          ("saturation", ImageEnhance.Color), ("sharpness", ImageEnhance.Sharpness)):
        out[name] = [checksum(enhance(picture).enhance(factor)) for factor in FACTORS]
    return out


def dull(picture):
    """Few grey levels, where the histogram rules have their special cases."""
    return picture.point(lambda v: v // 16 + 40)


def warps(picture):
    out = []
    for name, filter in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
        arguments = {"resample": filter, "fillcolor": (124, 116, 104)}
        out.append({"filter": name,
                    "rotate": [checksum(timm_ops.rotate(picture, d, **arguments)) for d in (-30, -7.5, 0.3, 12, 29.9)],
                    "shear_x": [checksum(timm_ops.shear_x(picture, f, **arguments)) for f in (-0.3, 0.01, 0.27)],
                    "shear_y": [checksum(timm_ops.shear_y(picture, f, **arguments)) for f in (-0.3, 0.01, 0.27)],
                    "translate_x": [checksum(timm_ops.translate_x_rel(picture, p, **arguments)) for p in (-0.45, 0.1, 0.33)],
                    "translate_y": [checksum(timm_ops.translate_y_rel(picture, p, **arguments)) for p in (-0.45, 0.1, 0.33)]})
    return out


def geometry():
    """torchvision v2 on a picture and its boxes: crop, resize and flip, with the boxes clamped and the empty ones removed."""
    picture = pictures()[0]
    out = []
    for left, top, width, height in ((0, 0, 40, 29), (5, 3, 20, 15), (21, 10, 19, 19), (39, 28, 1, 1), (0, 20, 8, 9)):
        for to_width, to_height in ((32, 32), (17, 50)):
            boxes = tv_tensors.BoundingBoxes(torch.tensor(BOXES, dtype=torch.float64), format="XYXY", canvas_size=(29, 40))
            boxes = functional_v2.crop(boxes, top, left, height, width)
            boxes = functional_v2.resize(functional_v2.clamp_bounding_boxes(boxes), [to_height, to_width])
            boxes = functional_v2.horizontal_flip(boxes)
            kept = [box for box in boxes.tolist() if box[2] > box[0] and box[3] > box[1]]
            pixels = functional.hflip(functional.resized_crop(picture, top, left, height, width, [to_height, to_width]))
            out.append({"window": [left, top, width, height], "to": [to_width, to_height], "boxes": kept, "crc": checksum(pixels)})
    return out


def rotated_boxes():
    out = []
    for degrees in (-30, 12, 90):
        boxes = tv_tensors.BoundingBoxes(torch.tensor(BOXES, dtype=torch.float64), format="XYXY", canvas_size=(29, 40))
        out.append({"degrees": degrees, "boxes": functional_v2.rotate(boxes, degrees, center=[20.0, 14.5]).tolist()})
    return out


def main():
    golden = {"sizes": SIZES, "boxes": BOXES, "colors": [colors(p) for p in pictures()],
              "dull": [colors(dull(p)) for p in pictures()], "warps": [warps(p) for p in pictures()], "geometry": geometry(),
              "rotated_boxes": rotated_boxes()}
    (HERE / "transforms.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main()
