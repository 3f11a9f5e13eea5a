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


def framed(image: Image, longest: int | None = None) -> PIL.Image.Image:
    """``image`` for a processor, its longer side at most ``longest`` pixels.

    Crops too small or too elongated for a vision tower are set on white: scaled up instead they would be
    unreadable, or refused.
    """
    picture = PIL.Image.fromarray(np.ascontiguousarray(image))
    if longest is not None and max(picture.size) > longest:
        scale = longest / max(picture.size)
        width, height = (max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize((width, height), PIL.Image.Resampling.LANCZOS)
    least = max(MIN_SIDE, -(-max(picture.size) // MAX_ASPECT))
    size = (max(picture.width, least), max(picture.height, least))
    if size == picture.size:
        return picture
    canvas = PIL.Image.new("RGB", size, "white")
    canvas.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return canvas


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
