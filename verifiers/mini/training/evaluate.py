"""Character error of the bundled verifier and of the recogniser alone, on held-out fonts and text.

``python -m docspec.verifiers.mini.training.evaluate --shards DIR [--model DIR]`` reads the shards that
:mod:`docspec.verifiers.mini.training.data` made with ``--evaluation``. The last line printed is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from rapidfuzz.distance import Levenshtein

from docspec.drafters.characters import SUPERSCRIPTS
from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.reading.cells import LineCells
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.mini.formulas import formulas_in, plain
from docspec.verifiers.mini.model import WEIGHTS, Mini
from docspec.verifiers.mini.tokens import END, MARKS, byte_tokenizer, decode
from docspec.verifiers.mini.training.data import StoredLine, read_shard, running_text
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Sequence as Decoding


def read_regions(
    model: Mini, regions: Sequence[Sequence[LineCells]], rows: int = 16, formulas: bool = False
) -> list[str]:
    """Greedy reading of regions, each the cells of its lines, without drafts; ``formulas``: marked."""
    engine = Engine(Runner(model.decoder, rows), exact, token_budget=65536, drafts=False)
    codec = TokenizerCodec(byte_tokenizer(), unwritten=MARKS)
    order = sorted(range(len(regions)), key=lambda i: sum(map(len, regions[i])))
    waiting = (
        Decoding(
            key=i,
            prompt=model.prompts([regions[i]], formulas)[0],
            cursor=DraftCursor([], codec, END),
            draft=DraftedNext("", codec, END),
            end_tokens=frozenset((END,)),
            # illegible lines run on
            limit=24 + sum(len(line.text.encode()) for line in regions[i]) * (8 if formulas else 5) // 4,
        )
        for i in order
    )
    texts = {done.key: decode(done.output) for done in engine.run(waiting)}
    return [texts[i] for i in range(len(regions))]


def character_error(pairs: Sequence[tuple[str, str]]) -> float:
    """Edits over characters of the truth, for pairs of reading and truth; runs of white space count once."""
    pairs = [(" ".join(read.split()), " ".join(truth.split())) for read, truth in pairs]
    return sum(Levenshtein.distance(a, b) for a, b in pairs) / max(1, sum(len(b) for _, b in pairs))


def scores(pairs: Sequence[tuple[str, str]], signs: Callable[[str], Iterable[str]]) -> tuple[float, float]:
    """Recall and precision of ``signs`` of texts, for pairs of reading and truth; 1 without any."""
    counts = [tuple(Counter(signs(text)) for text in pair) for pair in pairs]
    common, read, true = (
        sum((a & b).total() for a, b in counts),
        sum(a.total() for a, _ in counts),
        sum(b.total() for _, b in counts),
    )
    return (common / true if true else 1.0), (common / read if read else 1.0)


def superscripts_in(text: str) -> list[str]:
    """The superscript characters of a text."""
    return [sign for sign in text if sign in SUPERSCRIPTS]


def regions_of(blocks: Sequence[list[StoredLine]], most: int) -> list[list[StoredLine]]:
    """Blocks cut into regions of at most ``most`` lines."""
    return [block[i : i + most] for block in blocks for i in range(0, len(block), most)]


def measure(folder: Path, model: Path = WEIGHTS, lines: int = 400) -> dict[str, float | int]:
    """Character error of both readers on the shards of ``folder``, line by line and by regions of up to six.

    ``lines`` bounds how many are read.
    """
    mini = Mini.from_pretrained(model)
    blocks = [block for path in sorted(folder.glob("*.npz")) for block in read_shard(path)]
    result: dict[str, float | int] = {}
    for name, most in (("line", 1), ("region", 6)):
        regions, count = [], 0
        for region in regions_of(blocks, most):
            if count < lines and (most == 1 or len(region) > 1):
                regions.append(region)
                count += len(region)
        marked = [running_text([(line.text, line.hyphenated) for line in region]) for region in regions]
        truth = [plain(text) for text in marked]
        cells = [[line.cells for line in region] for region in regions]
        read = read_regions(mini, cells)
        recognised = [_recognised(region) for region in regions]
        result[f"{name}s"] = len(regions)
        pairs = list(zip(read, truth, strict=True))
        result[f"{name}_mini"] = round(character_error(pairs), 4)
        result[f"{name}_recogniser"] = round(character_error(list(zip(recognised, truth, strict=True))), 4)
        if most == 1:
            result |= _found("superscript", pairs, superscripts_in)
            with_formulas = [number for number, text in enumerate(marked) if formulas_in(text)]
            again = read_regions(mini, [cells[number] for number in with_formulas], formulas=True)
            pairs = [(text, marked[number]) for text, number in zip(again, with_formulas, strict=True)]
            result |= _found("formula", pairs, formulas_in)
    return result


def _found(
    name: str, pairs: Sequence[tuple[str, str]], signs: Callable[[str], list[str]]
) -> dict[str, float | int]:
    recall, precision = scores(pairs, signs)
    return {
        f"{name}s": sum(len(signs(truth)) for _, truth in pairs),
        f"{name}_recall": round(recall, 4),
        f"{name}_precision": round(precision, 4),
    }


def _recognised(region: Sequence[StoredLine]) -> str:
    """The recogniser's own reading of a region, its lines joined like the truth."""
    texts = [line.cells.text.strip() for line in region]
    return running_text([(text, text.endswith("-")) for text in texts])


def main() -> None:
    """Print both readers' character errors, line by line and by region."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=WEIGHTS)
    parser.add_argument("--lines", type=int, default=400, help="most lines to read")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(json.dumps(measure(options.shards, options.model, options.lines)))


if __name__ == "__main__":
    main()
