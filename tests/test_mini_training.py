"""Training data, as it is kept on disk."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np

from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.verifiers.mini.reader import cells_of
from docspec.verifiers.mini.training.data import finished_shards, read_shard, write_shard
from docspec.verifiers.mini.training.render import Line


def test_a_shard_keeps_lines_as_they_were_seen(tmp_path: Path) -> None:
    """Blocks come back with their texts and the cells that the recogniser gives them."""
    rng = np.random.default_rng(0)
    lines = [
        Line(rng.integers(0, 255, (40, width, 3), dtype=np.uint8), f"line {width}", width == 200)
        for width in (90, 200, 60)
    ]
    engine, path = OcrEngine(1), tmp_path / "000-00000.npz"
    write_shard(path, [lines[:2], lines[2:]], engine)
    assert finished_shards(tmp_path) == [path]
    blocks = read_shard(path)
    assert [[line.text for line in block] for block in blocks] == [["line 90", "line 200"], ["line 60"]]
    assert [line.hyphenated for line in chain(*blocks)] == [False, True, False]
    for kept, seen in zip(chain(*blocks), cells_of(engine, [line.image for line in lines]), strict=True):
        assert kept.cells.text == seen.text
        for name in ("features", "choices", "sure", "lengths"):
            assert np.array_equal(getattr(kept.cells, name), getattr(seen, name))
