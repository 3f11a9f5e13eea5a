"""Boxes as models write them: whole numbers of a grid laid over the page, whatever its size. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from docspec.types import Box


def to_grid(box: Box, width: int, height: int, grid: int) -> list[int]:
    """``box`` of a page of ``width`` and ``height``, in shares of ``grid``: left, top, right, bottom."""
    scaled = (grid * value / side for value, side in zip(box, (width, height) * 2, strict=True))
    return [min(max(round(value), 0), grid) for value in scaled]


def from_grid(numbers: Sequence[int], width: int, height: int, grid: int) -> Box:
    """The box of four such ``numbers``, which may be beyond the page or in another order."""
    x0, y0, x1, y1 = (min(number, grid) / grid for number in numbers)
    return min(x0, x1) * width, min(y0, y1) * height, max(x0, x1) * width, max(y0, y1) * height
