"""Recognisers of the PP-OCR family, run on strips of any width: what each of their frames is.

A frame is what a recogniser says of eight pixels of a line 48 pixels high: probabilities of its characters,
or, where a part asks for it, what it knew before it decided.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.sessions import Session

LINE_HEIGHT = 48  # pixels: what the recognisers were trained on
FRAME_WIDTH = 8  # pixels of the resized line that one frame stands for
MAX_FRAMES = 320  # 2,560 px at 48 px height, about 130 characters; longer lines are squeezed
MIN_WIDTH = 192
WIDTH_STEP = 64
CPU_BATCH, GPU_BATCH = 1024, 16_384  # pixels of lines in one run: a processor's caches hold little

FloatArray = NDArray[np.float32]


def frames_of(
    session: Session, strips: Sequence[NDArray[np.uint8]]
) -> Iterator[tuple[int, list[FloatArray]]]:
    """Each strip's number and its frames ``[T, C]``, of every output of the session.

    They come in no useful order, and C may be thousands: take and forget.

    Strips are uint8 RGB, ``[H, W, 3]``, any height. ``T`` is the width at 48 px height over 8, rounded up,
    and at most :data:`MAX_FRAMES`. A strip's frames do not depend on what else is read.

    Raises:
        ValueError: a strip is empty or not ``[H, W, 3]`` uint8.
    """
    widths = [_resized_width(strip) for strip in strips]
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for index, width in enumerate(widths):
        groups[max(MIN_WIDTH, -(-width // WIDTH_STEP) * WIDTH_STEP)].append(index)
    for padded, members in sorted(groups.items()):
        # One padded width a run: a line's frames do not depend on its neighbours.
        size = max(1, (GPU_BATCH if session.on_gpu else CPU_BATCH) // padded)
        for start in range(0, len(members), size):
            chunk = members[start : start + size]
            batch = np.zeros((len(chunk), 3, LINE_HEIGHT, padded), dtype=np.float32)
            for row, index in enumerate(chunk):
                batch[row, :, :, : widths[index]] = _normalised(strips[index], widths[index])
            outputs = session(batch)  # [B, padded / 8, C] each
            for row, index in enumerate(chunk):
                yield index, [frames[row, : -(-widths[index] // FRAME_WIDTH)] for frames in outputs]


def _resized_width(strip: NDArray[np.uint8]) -> int:
    if strip.ndim != 3 or strip.shape[2] != 3 or strip.dtype != np.uint8 or 0 in strip.shape:
        raise ValueError(f"a strip is uint8 [H, W, 3] and not empty, got {strip.dtype} {strip.shape}")
    height, width = strip.shape[:2]
    return int(max(1, min(math.ceil(LINE_HEIGHT * width / height), MAX_FRAMES * FRAME_WIDTH)))


def _normalised(strip: NDArray[np.uint8], width: int) -> FloatArray:
    import cv2

    # The recognisers were trained on images read by OpenCV: blue, green, red.
    bgr = np.ascontiguousarray(strip[:, :, ::-1])
    resized = cv2.resize(bgr, (width, LINE_HEIGHT)).astype(np.float32)
    scaled: FloatArray = (resized.transpose(2, 0, 1) / 127.5 - 1.0).astype(np.float32)  # [3, 48, width]
    return scaled
