"""Page and region images as every family's processor takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import torch
from transformers.image_processing_backends import PilBackend

from docspec.types import Image

MIN_SIDE = 28  # pixels: a cell of the coarsest vision towers
MAX_ASPECT = 100  # the strictest processors refuse 200


def framed(image: Image, longest: int | None = None, aspect: int = MAX_ASPECT) -> PIL.Image.Image:
    """``image`` for a processor, its longer side at most ``longest`` pixels.

    Crops too small or too elongated (more than ``aspect``) for a vision tower are set on white: scaled up
    instead they would be unreadable, or refused.
    """
    picture = PIL.Image.fromarray(np.ascontiguousarray(image))
    if longest is not None and max(picture.size) > longest:
        scale = longest / max(picture.size)
        width, height = (max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize((width, height), PIL.Image.Resampling.LANCZOS)
    least = max(MIN_SIDE, -(-max(picture.size) // aspect))
    size = (max(picture.width, least), max(picture.height, least))
    if size == picture.size:
        return picture
    canvas = PIL.Image.new("RGB", size, "white")
    canvas.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return canvas


def fitted(picture: PIL.Image.Image, pixels: tuple[int, int], cell: int) -> PIL.Image.Image:
    """``picture`` scaled to whole cells of ``cell`` pixels, as many pixels as ``pixels`` bound (about so many
    where that is the least)."""
    least, most = pixels
    area = picture.width * picture.height
    scale = (min(max(area, least), most) / area) ** 0.5
    across, down = (max(1, round(side * scale / cell)) for side in picture.size)
    ratio = picture.width / picture.height
    while across * down * cell * cell > most and across * down > 1:
        narrower, lower = (abs((across - 1) / down - ratio), abs(across / max(1, down - 1) - ratio))
        if down == 1 or (across > 1 and narrower < lower):
            across -= 1
        else:
            down -= 1
    size = (across * cell, down * cell)
    return picture if size == picture.size else picture.resize(size, PIL.Image.Resampling.LANCZOS)


def resized(picture: PIL.Image.Image, processor: Any, **more: Any) -> PIL.Image.Image:
    """``picture`` as a transformers image ``processor`` scales it before anything else.

    ``more`` are the arguments that its ``resize`` has besides the usual ones. Raises ValueError where it
    refuses the image.
    """
    pixels = np.ascontiguousarray(np.asarray(picture).transpose(2, 0, 1))  # [3, H, W]
    made = processor.resize(
        pixels if isinstance(processor, PilBackend) else torch.from_numpy(pixels),
        size=processor.size,
        resample=processor.resample,
        **more,
    )
    return PIL.Image.fromarray(np.ascontiguousarray(np.asarray(made).transpose(1, 2, 0)))
