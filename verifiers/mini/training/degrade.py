"""Ink to pages as cameras and scanners see them: colours and moderate damage."""

from __future__ import annotations

import random
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Page = NDArray[np.float32]  # RGB, 0 to 255


def colour(ink: Picture, rng: random.Random) -> Page:
    """Ink coverage to RGB: mostly black on white; sometimes coloured, grey or inverted."""
    paper, pen = np.full(3, 255.0), np.full(3, rng.choice([0.0, 0.0, 0.0, rng.uniform(0, 60)]))
    if rng.random() < 0.25:
        paper = np.array([rng.uniform(200, 255) for _ in range(3)])
    if rng.random() < 0.15:
        pen = np.array([rng.uniform(0, 150) for _ in range(3)])
    if rng.random() < 0.05:
        paper, pen = pen, paper
    alpha = ink[:, :, None].astype(np.float32) / 255.0
    mixed: Page = (paper * (1 - alpha) + pen * alpha).astype(np.float32)
    return mixed


def degrade(page: Page, size: int, rng: random.Random) -> Page:
    """Moderate damage of scans: ink spread, skew, lower resolution, blur, shade, noise, JPEG."""
    if rng.random() < 0.4:
        return page
    height, width = page.shape[:2]
    if rng.random() < 0.15 and size > 18:
        kernel = np.ones((2, 2), np.uint8)
        page = cv2.erode(page, kernel) if rng.random() < 0.6 else cv2.dilate(page, kernel)
    if rng.random() < 0.25:
        turn = cv2.getRotationMatrix2D((0.0, height / 2), rng.uniform(-0.35, 0.35), 1.0)
        page = cv2.warpAffine(page, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.3 and size > 14:
        factor = rng.uniform(max(0.5, 11 / size), 1.0)
        small = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        page = cv2.resize(
            small, (width, height), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])
        )
    if rng.random() < 0.35:
        page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.3, 0.045 * size))
    if rng.random() < 0.2:
        shade = np.linspace(rng.uniform(-40, 0), rng.uniform(-40, 0), width, dtype=np.float32)
        page = page + shade[None, :, None]
    if rng.random() < 0.4:
        noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(2, 22), (height, width, 1))
        page = page + noise.astype(np.float32)
    page = np.clip(page, 0, 255)
    if rng.random() < 0.35:
        quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randint(25, 85)]
        decoded: Any = cv2.imdecode(cv2.imencode(".jpg", page.astype(np.uint8), quality)[1], cv2.IMREAD_COLOR)
        page = decoded.astype(np.float32)
    return page
