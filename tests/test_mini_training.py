"""Training data and a few steps of training on it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from docspec.verifiers.mini.cells import CellMaker
from docspec.verifiers.mini.features import FeatureReader
from docspec.verifiers.mini.training.data import read_shard, write_shard
from docspec.verifiers.mini.training.render import Line
from docspec.verifiers.mini.training.stored_cells import read_cells


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """A shard of two blocks, three lines of noise."""
    rng = np.random.default_rng(0)
    lines = [
        Line(rng.integers(0, 255, (40, width, 3), dtype=np.uint8), f"line {width}", False)
        for width in (90, 200, 60)
    ]
    path = tmp_path / "000-00000.npz"
    write_shard(path, [lines[:2], lines[2:]], FeatureReader(1))
    return path


def test_cells_are_kept_beside_their_shard(shard: Path) -> None:
    """Read a second time they come from the file, the same as they were made; a damaged file is made anew."""
    maker = CellMaker(FeatureReader(1).head)
    first = read_cells(shard, maker)
    assert [[line.text for line, _ in block] for block in first] == [["line 90", "line 200"], ["line 60"]]
    assert [line.text for block in read_shard(shard) for line in block] == ["line 90", "line 200", "line 60"]
    kept = shard.with_suffix(".cells")
    for content in (kept.read_bytes(), b"damaged"):
        kept.write_bytes(content)
        again = read_cells(shard, maker)
        for (_, before), (_, after) in zip(chain(*first), chain(*again), strict=True):
            assert before.text == after.text
            for name in ("features", "choices", "sure", "lengths"):
                assert np.array_equal(getattr(before, name), getattr(after, name))
