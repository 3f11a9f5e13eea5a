"""Image files as pages: what size they are on paper, and their pixels in bounded memory."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from PIL import Image as PILImage
from PIL import ImageFile, ImageOps, UnidentifiedImageError

from docspec.types import Image

FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)

MAX_PIXELS = 40_000_000  # of a page image; A4 at 600 dpi is 35 million
MAX_DECODED_BYTES = 2 << 30  # of one decoded picture, before it is made smaller
SAMPLE_SIDE = 800  # pixels a side that are looked at
SHOWN, NEARLY_WHITE, MOST = 32, 200, 0.95  # opacity and tone (0..255) of light print, and its share
STRIP_ROWS = 512  # rows converted at a time when a picture is made smaller

A4 = (595.0, 842.0)  # points
PLAUSIBLE_DPI = (50.0, 1200.0)
SCREEN_DPI = (72, 96)  # defaults that programs write without knowing
PLAUSIBLE_SIDE = (72.0, 2400.0)  # points of the long side; 2384 is A1
ORIENTATION = 0x0112  # the EXIF tag

# What Pillow's decoders raise on damaged data.
DECODE_ERRORS = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, struct.error)


def identify(head: bytes) -> str | None:
    """The image format that the first 16 bytes of a file announce, or None."""
    if head.startswith(b"%PDF"):
        return None  # before Pillow imports the readers of all formats that it knows
    PILImage.init()
    for name in FORMATS:
        accept = PILImage.OPEN[name][1]
        if accept is not None and accept(head[:16]) is True:
            return name
    return None


def open_image(stream: Any, kind: str) -> ImageFile.ImageFile:
    """The image in ``stream`` with only its header read; ``kind`` is a key of FORMATS.

    Goes to the format's own reader because PIL.Image.open refuses large pictures by a global setting;
    here the decoded size decides (see ``read_pixels``). Raises one of DECODE_ERRORS on damaged data.
    """
    PILImage.init()
    factory = cast(Callable[[Any, str], ImageFile.ImageFile], PILImage.OPEN[kind][0])
    image = factory(stream, "")
    if min(image.size) < 1:
        raise UnidentifiedImageError("the image has no pixels")
    return image


def resolution(image: ImageFile.ImageFile) -> float:
    """Pixels per inch: what the file says if plausible, else such that the page is about A4.

    Many programs write a screen's resolution into every file, which would make a scanned page two metres
    tall; a value is plausible when it is no such default and the page that follows from it has a page's size.
    """
    long, short = max(image.size), min(image.size)
    stated = image.info.get("dpi")
    if isinstance(stated, tuple) and len(stated) == 2:
        dpi = float(stated[0] or 0)
        if round(dpi) not in SCREEN_DPI and PLAUSIBLE_DPI[0] <= dpi <= PLAUSIBLE_DPI[1]:
            side = 72 * long / dpi
            if PLAUSIBLE_SIDE[0] <= side <= PLAUSIBLE_SIDE[1]:
                return dpi
    return max(72.0, 72 * min(short / A4[0], long / A4[1]))


def read_pixels(image: ImageFile.ImageFile, scale: float) -> Image:
    """The picture's pixels as displayed (EXIF orientation applied), on white where transparent, on black
    where it is white itself.

    ``scale`` at most 1; the result is smaller still if it would pass MAX_PIXELS. Decodes at reduced size
    where the format can (JPEG) and converts in strips, so that the peak is one decoded picture. Raises
    MemoryError when even that passes MAX_DECODED_BYTES, and DECODE_ERRORS on damaged data.
    """
    width, height = image.size
    orientation = image.getexif().get(ORIENTATION, 1)
    scale = min(scale, 1.0, (MAX_PIXELS / (width * height)) ** 0.5)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1:
        image.draft(image.mode, target)
    decoded = image.width * image.height * _bytes_per_pixel(image.mode)
    if decoded > MAX_DECODED_BYTES:
        raise MemoryError(
            f"{width}x{height} pixels need {decoded / 2**30:.1f} GiB to decode; shrink the image first"
        )
    image.load()
    small = _reduced(image, min(image.width // target[0], image.height // target[1]))
    if small.size != target:
        small = small.resize(target, PILImage.Resampling.LANCZOS)
    if orientation != 1:
        small.getexif()[ORIENTATION] = orientation
        small = ImageOps.exif_transpose(small)
    return np.asarray(small)


def displayed_size(image: ImageFile.ImageFile) -> tuple[int, int]:
    """Width and height in pixels after the EXIF orientation."""
    width, height = image.size
    turned = image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
    return (height, width) if turned else (width, height)


def _reduced(image: PILImage.Image, factor: int) -> PILImage.Image:
    """``image`` as RGB, ``factor`` times smaller (rounded up) in both directions."""
    paper = _paper(image)
    if factor < 2:
        return _rgb(image, paper)
    width, height = image.size
    small = PILImage.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, STRIP_ROWS // factor) * factor
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows)))
        small.paste(_rgb(strip, paper).reduce(factor), (0, top // factor))
    return small


def _rgb(image: PILImage.Image, paper: int) -> PILImage.Image:
    if image.mode == "RGB":
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":  # 16 and 32 bits a pixel: stretch to 8
        values = np.asarray(image, dtype=np.float32)
        top = 65535.0 if image.mode.startswith("I;16") else max(1.0, float(values.max()))
        return PILImage.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8)).convert("RGB")
    if _is_transparent(image):
        layer = image.convert("RGBA")
        ground = PILImage.new("RGBA", layer.size, (paper, paper, paper, 255))
        return PILImage.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def _is_transparent(image: PILImage.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _paper(image: PILImage.Image) -> int:
    """The grey to lay under a transparent picture: white, or black where white hides it."""
    if not _is_transparent(image):
        return 255
    size = (min(image.width, SAMPLE_SIDE), min(image.height, SAMPLE_SIDE))
    small = np.asarray(image.resize(size, PILImage.Resampling.NEAREST).convert("RGBA"))  # [h, w, 4]
    shown = small[small[..., 3] > SHOWN]  # [n, 4]
    hidden = 0 < len(shown) < size[0] * size[1]
    return 0 if hidden and (shown[:, :3].min(axis=1) > NEARLY_WHITE).mean() > MOST else 255


def _bytes_per_pixel(mode: str) -> int:
    if mode in ("1", "L", "P"):
        return 1
    return 2 if mode.startswith("I;16") else 4
