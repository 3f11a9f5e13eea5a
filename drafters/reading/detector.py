"""Finds pieces of text in an image: a PP-OCR detector paints where text is, boxes are put around its paint.

The method is differentiable binarization (Liao et al. 2020, arXiv 1911.08947), the settings are RapidOCR's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from docspec.drafters.reading.sessions import Session
from docspec.types import Image

PAINTED = 0.3  # probability of a pixel to be text
SURE = 0.5  # mean probability in a box
GROWN = 1.6  # boxes are painted smaller than text is: how much they grow, times area over perimeter
SMALLEST = 3.0  # pixels of a painted box's shorter side
STEP = 32  # the sides of what the detector sees are multiples of it

Quad = NDArray[np.float32]  # [4, 2], clockwise from the top left, pixels


def find_text(session: Session, image: Image, scale: float) -> list[Quad]:
    """Quadrilaterals around pieces of text, in pixels of ``image`` [H, W, 3] RGB, in no useful order.

    The detector sees the image times ``scale``.
    """
    import cv2

    height, width = image.shape[:2]
    size = [max(STEP, round(side * scale / STEP) * STEP) for side in (width, height)]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = image if size == [width, height] else cv2.resize(image, size, interpolation=method)
    bgr = small[:, :, ::-1].transpose(2, 0, 1).astype(np.float32, order="C")
    bgr *= 1 / 127.5
    bgr -= 1.0
    [paint, *_] = session(bgr[None])
    ratio = np.array([width / size[0], height / size[1]], dtype=np.float32)
    last = np.array([width - 1, height - 1], dtype=np.float32)
    return [_clockwise(np.clip(box * ratio, 0, last)) for box in _boxes(paint[0, 0])]


def _boxes(paint: NDArray[np.float32]) -> list[Quad]:
    """Boxes around what is painted in ``paint`` [H, W] (0..1), in its pixels."""
    import cv2

    mask = cv2.dilate((paint > PAINTED).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for outline in outlines:
        middle, (width, height), angle = cv2.minAreaRect(outline)
        if min(width, height) < SMALLEST:
            continue
        corners = cv2.boxPoints((middle, (width, height), angle))
        if _mean_inside(paint, corners) < SURE:
            continue
        grown = GROWN * width * height / (width + height)  # on both sides together
        boxes.append(cv2.boxPoints((middle, (width + grown, height + grown), angle)))
    return boxes


def _mean_inside(paint: NDArray[np.float32], corners: Quad) -> float:
    import cv2

    height, width = paint.shape
    x0, y0 = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    inside: Any = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - (x0, y0)).astype(np.int32)], 1)
    return float(cv2.mean(np.ascontiguousarray(paint[y0 : y1 + 1, x0 : x1 + 1]), inside)[0])


def _clockwise(corners: Quad) -> Quad:
    """The corners from the top left: of the two on the left the upper one, then those on the right."""
    by_x = corners[corners[:, 0].argsort(kind="stable")]
    top_left, bottom_left = sorted(by_x[:2], key=lambda corner: float(corner[1]))
    top_right, bottom_right = sorted(by_x[2:], key=lambda corner: float(corner[1]))
    return np.array([top_left, top_right, bottom_right, bottom_left], dtype=np.float32)
