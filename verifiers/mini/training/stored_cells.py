"""Cells of stored lines, made once: the recogniser's classifier takes 10 ms a line, reading them none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import BadZipFile

import numpy as np

from docspec.verifiers.mini.cells import CellMaker, LineCells
from docspec.verifiers.mini.training.data import StoredLine, read_shard


def read_cells(path: Path, maker: CellMaker) -> list[list[tuple[StoredLine, LineCells]]]:
    """The blocks of a shard, each line with its cells (features as float16, to save memory).

    Cells are kept in a file beside the shard. It belongs to the recogniser that the shard was made with.
    """
    blocks = read_shard(path)
    kept = path.resolve().with_suffix(".cells")
    try:
        cells = _load(kept)
    except (OSError, ValueError, BadZipFile):  # none yet, or one that was cut short
        cells = [_small(maker(line.features.astype(np.float32))) for block in blocks for line in block]
        _save(kept, cells)
    rest = iter(cells)
    return [[(line, next(rest)) for line in block] for block in blocks]


def _small(cells: LineCells) -> LineCells:
    return replace(cells, features=cells.features.astype(np.float16))


def _save(path: Path, cells: list[LineCells]) -> None:
    with NamedTemporaryFile(dir=path.parent, delete=False) as stream:  # several runs may share the shards
        np.savez(
            stream,
            counts=np.array([len(line) for line in cells]),
            texts=np.array([line.text for line in cells]),
            features=np.concatenate([line.features for line in cells]),
            choices=np.concatenate([line.choices for line in cells]),
            sure=np.concatenate([line.sure for line in cells]),
            lengths=np.concatenate([line.lengths for line in cells]),
        )
    Path(stream.name).rename(path)


def _load(path: Path) -> list[LineCells]:
    with np.load(path) as archive:
        kept = dict(archive)
    edges = pairwise(np.cumsum([0, *kept["counts"]]).tolist())
    return [
        LineCells(
            features=kept["features"][start:end],
            choices=kept["choices"][start:end],
            sure=kept["sure"][start:end],
            text=str(text),
            lengths=kept["lengths"][start:end],
        )
        for text, (start, end) in zip(kept["texts"], edges, strict=True)
    ]
