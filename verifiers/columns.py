"""What a verify pass is told of its columns: one array, so that a device is given it in one copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docspec.drafters.following.tree import Tree

NEVER = np.iinfo(np.int32).max  # the end of a column that all later ones may look at


@dataclass(frozen=True, slots=True)
class PassShape:
    """Rows and columns of a pass, and how many places of the cache its queries may look at; ``in_place``
    says that the cache's rows are the first ones in order, which need not be gathered."""

    rows: int
    width: int
    span: int
    in_place: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a pass: the ``tokens`` that are sent, the draft's ``tree`` being the last of them.

    They go to row ``cache`` of the cache, from place ``start`` on, after a prompt of ``prompt`` tokens; a
    token's position id is its place in the text and ``shift``.
    """

    cache: int
    start: int
    tokens: Sequence[int]
    tree: Tree
    shift: int
    prompt: int


IDS, PLACES, ENDS, SHIFTS, ROWS, TARGETS, PROMPTS = range(7)


def columns_of(
    rows: Sequence[Row], firsts: Sequence[int], targets: np.ndarray, shape: PassShape
) -> np.ndarray:
    """Of each column of a pass, [7, rows, width]: its token, its place in the text, the place in the cache
    from which on nothing may look at it, its row's shift and row of the cache, its place there, and how many
    places the row's prompt has.

    Row i begins at column ``firsts[i]``; ``targets`` [rows, width] are the places, those of the padding
    included.
    """
    columns = np.zeros((7, shape.rows, shape.width), np.int64)
    columns[ENDS], columns[TARGETS] = NEVER, targets
    if shape.in_place:  # also those that pad the pass, of which nothing is kept
        columns[ROWS] = np.arange(shape.rows)[:, None]
    for i, (row, first) in enumerate(zip(rows, firsts, strict=True)):
        end = first + len(row.tokens)
        columns[IDS, i, first:end] = row.tokens
        columns[PLACES, i, first:end] = targets[i, first:end]
        columns[SHIFTS, i], columns[ROWS, i], columns[PROMPTS, i] = row.shift, row.cache, row.prompt
        if not row.tree.is_chain:
            root = row.start + len(row.tokens) - len(row.tree)  # the place of the tree's first node
            columns[PLACES, i, end - len(row.tree) : end] = np.add(row.tree.depths, root - 1)
            columns[ENDS, i, end - len(row.tree) : end] = np.add(row.tree.ends, root)
    return columns
