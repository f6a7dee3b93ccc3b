"""What Pillow, timm, torchvision, transformers and OpenCV make of small pictures: checksums and sizes.

Writes pixels.json beside this file and the encoded pictures to tests/image/pictures. Made with Pillow 13.0.0, timm
1.0.31, torchvision 0.26.0, transformers 5.23.0 and OpenCV 5.0.0:
    python tests/golden/pixels.py
"""

import io
import json
import pathlib
import random
import struct
import warnings
import zlib

import cv2
import numpy
from PIL import Image, ImageOps
from timm.data.transforms_factory import transforms_imagenet_eval
from torchvision import transforms
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from transformers import DeiTImageProcessorPil, DetrImageProcessorPil, RTDetrImageProcessorPil, ViTImageProcessorPil

HERE = pathlib.Path(__file__).parent
PICTURES = HERE.parent / "image" / "pictures"
FILTERS = {"nearest": 0, "box": 4, "bilinear": 2, "hamming": 5, "bicubic": 3, "lanczos": 1}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pattern(width, height, channels=3, seed=0):
    """The picture that tests/image/support.h makes too: smooth waves with noise on them."""
    y, x, c = numpy.meshgrid(
        numpy.arange(height, dtype=numpy.uint64), numpy.arange(width, dtype=numpy.uint64),
        numpy.arange(channels, dtype=numpy.uint64), indexing="ij")
    word = numpy.uint64(0xFFFFFFFF)
    h = (x * 73856093 ^ y * 19349663 ^ c * 83492791 ^ numpy.uint64(seed * 2654435761 % 2**32)) & word
    h = ((h ^ (h >> numpy.uint64(15))) * 2246822519) & word
    wave = (x * 3 + y * 5 + c * 40) & numpy.uint64(255)
    noise = h >> numpy.uint64(24)
    return numpy.where((x // 8 + y // 8) % 2 == 0, wave, noise).astype(numpy.uint8)


def checksum(array):
    return zlib.crc32(numpy.ascontiguousarray(array).tobytes())


def resizes():
    random.seed(7)
    side = lambda: random.choice((random.randint(1, 12), random.randint(1, 130), random.randint(60, 200)))
    cases = [(1, 1, 1, 1), (1, 1, 9, 7), (9, 7, 1, 1), (64, 48, 64, 48), (64, 48, 64, 12), (64, 48, 16, 48), (3, 180, 5, 9),
             (160, 120, 37, 28), (90, 120, 100, 20), (120, 190, 100, 100), (200, 4, 3, 4), (17, 33, 170, 66)]
    cases += [(side(), side(), side(), side()) for _ in range(140)]
    out = []
    for index, (w, h, ow, oh) in enumerate(cases):
        image = Image.fromarray(pattern(w, h, seed=index))
        out.append({"size": [w, h], "to": [ow, oh],
                    "crc": {name: checksum(image.resize((ow, oh), number)) for name, number in FILTERS.items()}})
    return out


def detr_size(width, height):
    """get_size_with_aspect_ratio of facebookresearch/detr for 800 and 1333, as (height, width)."""
    size, low, high = 800, float(min(width, height)), float(max(width, height))
    if high / low * size > 1333:
        size = int(round(1333 * low / high))
    if min(width, height) == size:
        return height, width
    return (int(size * height / width), size) if width < height else (size, int(size * width / height))


class Rules:
    """name -> (record, function of a picture that gives the network's input [3, H, W])."""

    base = {"rule": "timm", "height": 224, "width": 224, "resize": 0, "longest": 0, "pad_multiple": 1, "crop_pct": 0.875,
            "interpolation": "bicubic", "mean": list(MEAN), "std": list(STD), "rescale": True, "bgr": False}
    plain = {"mean": [0, 0, 0], "std": [1, 1, 1]}
    free = {"height": 0, "width": 0, "resize": 800, "longest": 1333, "interpolation": "bilinear"}

    def timm(self, height, width, crop_pct, interpolation):
        size = height if height == width else (height, width)
        transform = transforms_imagenet_eval(size, crop_pct=crop_pct, interpolation=interpolation, mean=MEAN, std=STD)
        return ({"height": height, "width": width, "crop_pct": crop_pct, "interpolation": interpolation},
                lambda image: transform(image).numpy())

    def torchvision(self, resize, crop):
        transform = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(crop), transforms.ToTensor(),
                                        transforms.Normalize(MEAN, STD)])
        return ({"rule": "torchvision", "resize": resize, "height": crop, "width": crop, "interpolation": "bilinear"},
                lambda image: transform(image).numpy())

    def squash(self, processor, **record):
        return ({"rule": "squash"} | record, lambda image: processor(image, return_tensors="np")["pixel_values"][0])

    def detr(self):
        def apply(image):
            resized = image.resize(detr_size(*image.size)[::-1], Image.Resampling.BILINEAR)
            return transforms.Normalize(MEAN, STD)(transforms.ToTensor()(resized)).numpy()
        return self.free | {"rule": "detr"}, apply

    def detr_transformers(self):
        processor = DetrImageProcessorPil()
        return (self.free | {"rule": "detr_transformers"},
                lambda image: processor(image, return_tensors="np")["pixel_values"][0])

    def letterbox(self, height, width):
        def apply(image):
            array = numpy.asarray(image)[..., ::-1]
            ratio = min(height / array.shape[0], width / array.shape[1])
            new = int(array.shape[0] * ratio), int(array.shape[1] * ratio)
            out = numpy.full((height, width, 3), 114, numpy.uint8)
            out[:new[0], :new[1]] = cv2.resize(array, new[::-1], interpolation=cv2.INTER_LINEAR)
            return out.transpose(2, 0, 1).astype(numpy.float32)
        return (self.plain | {"rule": "letterbox", "height": height, "width": width, "interpolation": "bilinear",
                              "rescale": False, "bgr": True}, apply)

    def torchvision_detector(self):
        transform = GeneralizedRCNNTransform(800, 1333, MEAN, STD)
        return (self.free | {"rule": "torchvision_detector", "pad_multiple": 32},
                lambda image: transform([transforms.ToTensor()(image)])[0].tensors[0].numpy())

    def all(self):
        vit, deit = ViTImageProcessorPil(), DeiTImageProcessorPil(image_mean=MEAN, image_std=STD)
        half = {"mean": [0.5] * 3, "std": [0.5] * 3}
        return [self.timm(224, 224, 0.875, "bicubic"), self.timm(224, 224, 0.9, "bilinear"), self.timm(240, 240, 0.95, "lanczos"),
                self.timm(192, 256, 0.9, "bicubic"), self.timm(96, 64, 0.875, "bilinear"), self.timm(160, 160, 1.0, "bicubic"),
                self.torchvision(256, 224), self.torchvision(232, 224), self.torchvision(100, 160),
                self.squash(vit, interpolation="bilinear", **half), self.squash(deit, resize=256),
                self.squash(RTDetrImageProcessorPil(), height=640, width=640, interpolation="bilinear", **self.plain),
                self.detr(), self.detr_transformers(), self.letterbox(416, 640), self.torchvision_detector()]


def preprocessings():
    sizes = [(97, 61), (60, 90), (33, 201), (180, 180), (1, 40), (223, 225), (300, 120)]
    large = [(640, 480), (480, 640), (2666, 801), (200, 347), (2048, 1024), (333, 1000), (801, 1201)]
    out = []
    for record, apply in Rules().all():
        record = Rules.base | record
        for index, (w, h) in enumerate(sizes + large):
            image = Image.fromarray(pattern(w, h, seed=index))
            try:
                tensor = numpy.ascontiguousarray(apply(image), dtype=numpy.float32)
            except ValueError:  # a side of 0
                out.append({"record": record, "size": [w, h], "refused": True})
                continue
            case = {"record": record, "size": [w, h], "to": list(tensor.shape[1:])}
            if record["rule"] == "torchvision_detector":  # floats: compared with a tolerance, at some places
                places = numpy.random.default_rng(index).integers(0, tensor.size, 24)
                case |= {"places": places.tolist(), "values": [float(v) for v in tensor.ravel()[places]]}
            else:
                case |= {"crc": checksum(tensor)}
            out.append(case)
    return out


def png(width, height, depth, color, rows, interlaced=0, before=b""):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def unfiltered(array):
    return b"".join(b"\0" + row.tobytes() for row in array)


def adam7(array):
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    return b"".join(unfiltered(array[y::dy, x::dx]) for x, y, dx, dy in passes if array[y::dy, x::dx].size)


def encoded():
    """name -> (bytes, expected pixels or None for what Pillow gives)."""
    w, h = 37, 29
    smooth = numpy.clip(numpy.cumsum(pattern(w, h).astype(int) % 23 - 11, axis=1) + 128, 0, 255).astype(numpy.uint8)
    rgb, wide = Image.fromarray(smooth), (pattern(w, h, 6) * 256.0 + pattern(w, h, 6, seed=1)).astype(">u2")
    rgba, grey = Image.fromarray(pattern(w, h, 4)), Image.fromarray(smooth[..., 0])
    cmyk = Image.merge("CMYK", [Image.fromarray(pattern(w, h, 4, seed=3)[..., i]) for i in range(4)])
    exif = Image.Exif()
    exif[0x112] = 6
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="8"/></x:xmpmeta>'
    files = {}

    def add(name, image, form, expected=None, **options):
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        files[name] = (buffer.getvalue(), expected)

    for sampling in (0, 1, 2):
        for progressive in (False, True):
            add(f"s{sampling}{'p' if progressive else ''}.jpg", rgb, "JPEG", subsampling=sampling, progressive=progressive)
    add("grey.jpg", grey, "JPEG")
    add("cmyk.jpg", cmyk, "JPEG", quality=90)
    add("restarts.jpg", rgb, "JPEG", restart_marker_blocks=2)
    add("rgb.jpg", rgb, "JPEG", keep_rgb=True)
    add("exif.jpg", rgb, "JPEG", exif=exif)
    add("xmp.jpg", rgb, "JPEG", xmp=xmp)
    add("rgb.png", rgb, "PNG")
    add("exif.png", rgb, "PNG", exif=exif)
    add("alpha.png", rgba, "PNG")
    add("grey_alpha.png", rgba.convert("LA"), "PNG")
    add("one_bit.png", grey.convert("1"), "PNG")
    for bits in (1, 2, 4, 8):
        add(f"palette{bits}.png", rgb.quantize(2**bits), "PNG", bits=bits, transparency=0)
    add("color_key.png", rgb, "PNG", transparency=(1, 2, 3))
    files["rgb16.png"] = (png(w, h, 16, 2, unfiltered(wide[..., :3])), None)
    files["rgba16.png"] = (png(w, h, 16, 6, unfiltered(wide[..., :4])), None)
    files["grey_alpha16.png"] = (png(w, h, 16, 4, unfiltered(wide[..., :2])), None)
    high = (wide[..., 0] >> 8).astype(numpy.uint8)  # Pillow saturates here; the high byte is what is wanted
    files["grey16.png"] = (png(w, h, 16, 0, unfiltered(wide[..., :1])), numpy.repeat(high[..., None], 3, 2))
    files["interlaced.png"] = (png(w, h, 8, 2, adam7(smooth), 1), None)
    palette = struct.pack(">I", 6) + b"PLTE" + b"abcdef" + struct.pack(">I", zlib.crc32(b"PLTEabcdef"))
    files["short_palette.png"] = (png(w, h, 8, 3, unfiltered(pattern(w, h, 1)[..., 0] % 5), before=palette), None)
    add("lossy.webp", rgb, "WEBP", quality=60)
    add("lossless.webp", rgb, "WEBP", lossless=True)
    add("alpha.webp", rgba, "WEBP", quality=80)
    add("animated.webp", rgba, "WEBP", save_all=True, append_images=[rgb], lossless=True)
    add("exif.webp", rgb, "WEBP", lossless=True, exif=exif)
    add("xmp.webp", rgb, "WEBP", lossless=True, xmp=xmp)
    add("rgb.bmp", rgb, "BMP")
    add("palette.bmp", rgb.quantize(60), "BMP")
    return files


def pictures():
    PICTURES.mkdir(parents=True, exist_ok=True)
    out = {}
    for name, (content, expected) in encoded().items():
        (PICTURES / name).write_bytes(content)
        if expected is None:
            expected = numpy.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
        out[name] = {"size": [expected.shape[1], expected.shape[0]], "crc": checksum(expected)}
    return out


def main():
    warnings.filterwarnings("ignore")
    result = {"pictures": pictures(), "resizes": resizes(), "preprocessings": preprocessings()}
    sections = []
    for name, cases in result.items():
        lines = ([json.dumps(case, separators=(",", ":")) for case in cases] if isinstance(cases, list) else
                 [f"{json.dumps(key)}:{json.dumps(case, separators=(',', ':'))}" for key, case in cases.items()])
        opening, closing = "[]" if isinstance(cases, list) else "{}"
        sections.append(f'"{name}":{opening}\n' + ",\n".join(lines) + f"\n{closing}")
    (HERE / "pixels.json").write_text("{\n" + ",\n".join(sections) + "\n}\n")


if __name__ == "__main__":
    main()
