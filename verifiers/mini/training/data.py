"""Training data on disk: shards of lines' cells with their text, made once and read many times.

``python -m docspec.verifiers.mini.training.data --corpus DIR --output DIR --shards N --seed S`` draws
blocks of lines, runs the recogniser on each line and stores cells and text. Several processes
with different seeds can fill one folder.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from docspec.drafters.reading.cells import LineCells
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.verifiers.mini.reader import cells_of
from docspec.verifiers.mini.training.fonts import FontChoice, drawable
from docspec.verifiers.mini.training.render import Line, render_block
from docspec.verifiers.mini.training.texts import TextSource


@dataclass(frozen=True)
class StoredLine:
    """A line's cells, its text, and whether its last word goes on."""

    cells: LineCells
    text: str
    hyphenated: bool


def running_text(lines: list[tuple[str, bool]]) -> str:
    """The text of consecutive lines joined as a reader would: hyphenated words whole, else one space."""
    running = ""
    for index, (text, hyphenated) in enumerate(lines):
        following = index + 1 < len(lines) and lines[index + 1][0]
        running += text if not following else text[:-1] if hyphenated else f"{text} "
    return running


def random_blocks(
    paragraph: Callable[[random.Random], str], fonts: FontChoice, rng: random.Random, clean: bool = False
) -> Iterator[list[Line]]:
    """Endless rendered blocks of a few lines each."""
    while True:
        text = paragraph(rng)
        path = fonts.pick(rng)
        if text and drawable(path, text):
            lines = render_block(text, path, rng.choice(fonts.formulas), rng, clean)
            if all(line.image.shape[0] > 5 and line.image.shape[1] > 5 for line in lines):
                yield lines


def write_shard(path: Path, blocks: list[list[Line]], engine: OcrEngine) -> int:
    """Read the blocks' lines and store their cells; returns the number of lines."""
    lines = [line for block in blocks for line in block]
    cells = cells_of(engine, [line.image for line in lines])
    table = {
        "counts": [len(line) for line in cells],
        "recognised": [line.text for line in cells],
        "texts": [line.text for line in lines],
        "hyphenated": [line.hyphenated for line in lines],
        "blocks": [len(block) for block in blocks],
    }
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        features=np.concatenate([line.features for line in cells]),
        choices=np.concatenate([line.choices for line in cells]),
        sure=np.concatenate([line.sure for line in cells]),
        lengths=np.concatenate([line.lengths for line in cells]),
        table=np.frombuffer(json.dumps(table).encode(), dtype=np.uint8),
    )
    partial.rename(path)
    return len(lines)


def finished_shards(folder: Path) -> list[Path]:
    """The shards of ``folder`` that are whole, in the order of their names."""
    return sorted(path for path in folder.glob("*.npz") if ".partial" not in path.name)


def read_shard(path: Path) -> list[list[StoredLine]]:
    """The blocks of a shard."""
    with np.load(path) as archive:
        arrays = dict(archive)
    table = json.loads(arrays.pop("table").tobytes())
    edges = pairwise(np.cumsum([0, *table["counts"]]).tolist())
    lines = iter(
        StoredLine(
            LineCells(text=recognised, **{name: array[start:end] for name, array in arrays.items()}),
            text,
            hyphenated,
        )
        for (start, end), recognised, text, hyphenated in zip(
            edges, table["recognised"], table["texts"], table["hyphenated"], strict=True
        )
    )
    return [[next(lines) for _ in range(size)] for size in table["blocks"]]


def main() -> None:
    """Make shards until the asked number is reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=60, help="blocks in a shard (about 180 lines)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--evaluation", action="store_true", help="held-out text and fonts")
    parser.add_argument("--clean", action="store_true", help="150 dpi without degradations")
    parser.add_argument("--only", nargs="*", default=(), metavar="KIND", help="kinds of text")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    source = TextSource.load(options.corpus, options.evaluation)
    fonts = FontChoice.installed(options.evaluation)
    paragraph = partial(source.western, only=options.only)
    engine = OcrEngine(options.threads)
    for index in range(options.shards):
        path = options.output / f"{options.seed:03d}-{index:05d}.npz"
        if path.exists():
            continue
        # One generator per shard: a run that was stopped goes on exactly where it was.
        blocks = random_blocks(paragraph, fonts, random.Random(f"{options.seed}/{index}"), options.clean)
        count = write_shard(path, [next(blocks) for _ in range(options.blocks)], engine)
        print(f"{path.name}: {count} lines", flush=True)


if __name__ == "__main__":
    main()
