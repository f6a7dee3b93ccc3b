"""Pictures of every mode and container that the program reads, made here, each with the pixels that it stands for.

Truth is Pillow's `convert("RGB")` of the upright picture. Two rules go beyond it: of 16 bits the high byte counts, also
for grey, where Pillow saturates; and Pillow reads no 16-bit colour with alpha, so its PNG files are written here.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SIZES = ((640, 480), (333, 500), (97, 401), (1023, 77), (224, 224), (256, 341), (31, 29), (225, 223), (800, 800))


@dataclass(frozen=True)
class Picture:
    path: Path
    rgb: Image.Image  # upright

    @property
    def name(self):
        return self.path.name


def make(folder: Path, seed=0) -> list[Picture]:
    """About fifty pictures, the same for the same seed."""
    draw = np.random.default_rng(seed)
    return [*_sizes(folder, draw), *_modes(folder, draw), *_orientations(folder, draw), *_sixteen_bits(folder, draw)]


def scene(draw, width, height, channels=3):
    """Smooth colours, edges and noise: resizing errors show on all three."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    result = np.empty((height, width, channels))
    for c in range(channels):
        a, b, phase = draw.uniform(0.005, 0.12, 2).tolist() + [draw.uniform(0, 6)]
        result[..., c] = 127 + 100 * np.sin(a * x + phase) * np.cos(b * y)
    for _ in range(12):
        left, top = int(draw.integers(0, width)), int(draw.integers(0, height))
        result[top : top + height // 4 + 1, left : left + width // 5 + 1] = draw.uniform(0, 255, channels)
    result += draw.normal(0, 12, result.shape)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def _picture(path):
    """What Pillow reads; formats that it decodes with loss are thereby compared after decoding."""
    with Image.open(path) as image:
        return Picture(path, ImageOps.exif_transpose(image).convert("RGB"))


def _save(folder, name, image, **options):
    path = folder / name
    image.save(path, **options)
    return _picture(path)


def _sizes(folder, draw):
    for i, (width, height) in enumerate(SIZES):
        image = Image.fromarray(scene(draw, width, height))
        yield _save(folder, f"size-{width}x{height}.png", image)
        if i < 4:
            yield _save(
                folder, f"size-{width}x{height}.jpg", image, quality=(75, 90, 95, 50)[i], subsampling=(0, 1, 2, 2)[i]
            )


def _modes(folder, draw):
    rgb = Image.fromarray(scene(draw, 301, 211))
    rgba = Image.fromarray(scene(draw, 301, 211, 4), "RGBA")
    palette = rgb.quantize(200)
    yield _save(folder, "grey.png", rgb.convert("L"))
    yield _save(folder, "grey-alpha.png", rgba.convert("LA"))
    yield _save(folder, "alpha.png", rgba)
    yield _save(folder, "palette.png", palette)
    yield _save(folder, "palette-few.png", rgb.quantize(13))
    yield _save(folder, "palette-transparent.png", palette, transparency=3)
    yield _save(folder, "palette-alpha.png", palette, transparency=bytes(range(200)))
    yield _save(folder, "colour-key.png", rgb, transparency=rgb.getpixel((5, 5)))
    yield _save(folder, "bits.png", rgb.convert("1"))
    yield _save(folder, "grey.jpg", rgb.convert("L"), quality=90)
    yield _save(folder, "progressive.jpg", rgb, quality=80, progressive=True)
    yield _save(folder, "cmyk.jpg", rgb.convert("CMYK"), quality=92)
    yield _save(folder, "colour.bmp", rgb)
    yield _save(folder, "grey.bmp", rgb.convert("L"))
    yield _save(folder, "palette.bmp", palette)
    yield _save(folder, "bits.bmp", rgb.convert("1"))
    yield _save(folder, "lossy.webp", rgb, quality=80)
    yield _save(folder, "lossless.webp", rgb, lossless=True)
    yield _save(folder, "alpha.webp", rgba, lossless=True)
    yield _save(folder, "colour.ppm", rgb)
    yield _save(folder, "grey.pgm", rgb.convert("L"))
    yield _save(folder, "bits.pbm", rgb.convert("1"))


def _orientations(folder, draw):
    image = Image.fromarray(scene(draw, 320, 190))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield _save(folder, f"exif-{orientation}.jpg", image, quality=90, exif=exif)
    exif[0x0112] = 6
    yield _save(folder, "exif-6.png", image, exif=exif)
    yield _save(folder, "exif-6.webp", image, exif=exif, quality=85)


def _sixteen_bits(folder, draw):
    """PNG colour types 0, 2, 4 and 6 at 16 bits a sample."""
    for name, colour_type, channels in (("grey", 0, 1), ("colour", 2, 3), ("grey-alpha", 4, 2), ("colour-alpha", 6, 4)):
        high = scene(draw, 203, 155, channels)
        low = draw.integers(0, 256, high.shape, dtype=np.uint16)
        path = folder / f"{name}-16.png"
        path.write_bytes(png(high.astype(np.uint16) << 8 | low, colour_type))
        shown = high[..., :3] if channels > 2 else high[..., :1].repeat(3, axis=2)
        yield Picture(path, Image.fromarray(np.ascontiguousarray(shown)))


def png(samples: np.ndarray, colour_type: int) -> bytes:
    """A 16-bit PNG of `samples` [height, width, channels], unfiltered."""
    height, width, _ = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return png_file(width, height, 16, colour_type, zlib.compress(rows))


def png_file(width, height, depth, colour_type, packed: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )
