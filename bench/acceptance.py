"""How much of a verifier's text the OCR drafts would give it: mean accepted length, replayed.

Takes OmniDocBench's format (a folder with its JSON and ``images/``). The annotated text of each region
stands for the verifier's choices; the draft is what the drafter reads in the annotated box. No model runs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import track
from rich.table import Table
from tokenizers import Tokenizer

import docspec.verifiers
from docspec.bench.annotations import text_regions
from docspec.drafters.matching import Codec, DraftCursor, agreement
from docspec.drafters.tree import Tree
from docspec.registry import load
from docspec.types import DecodeStats, Drafter, Style
from docspec.verifiers.acceptance import accept_exact
from docspec.verifiers.codec import TokenizerCodec

END = -1  # the end token; no vocabulary has it
BRANCH = 16  # draft tokens in each branch beside the main window, with trees
PAST = -2  # what is chosen after the end
_TOKENIZER = Path(docspec.verifiers.__file__).parent / "mini" / "weights" / "tokenizer.json"


class Cursor(Protocol):
    """What the decode loop needs of a draft."""

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """Up to ``limit`` next tokens, and ``reach`` in each branch beside them."""
        ...

    def advance(self, emitted: Sequence[int]) -> None:
        """Take what a step emitted."""
        ...


class TokenCursor:
    """The draft followed on tokens alone, as prompt lookup does: the baseline for ``DraftCursor``.

    After a rejection: the nearest place where the longest run of the output's last tokens (three at the
    most, at least two) stands in the draft; else one draft token is skipped.
    """

    def __init__(self, draft: str, codec: Codec) -> None:
        self._draft = [*codec.encode(draft)[0], END] if draft else []
        self._next = 0
        self._output: list[int] = []

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """Up to ``limit`` next draft tokens; it knows no branches."""
        return Tree.chain(self._draft[self._next : self._next + limit])

    def advance(self, emitted: Sequence[int]) -> None:
        """Take what a step emitted."""
        self._output.extend(emitted)
        for token in emitted:
            agrees = self._next < len(self._draft) and self._draft[self._next] == token
            self._next = self._next + 1 if agrees else self._resync()

    def _resync(self) -> int:
        for size in (3, 2):
            tail = self._output[-size:]
            ends = (end for end in range(size, len(self._draft) + 1) if self._draft[end - size : end] == tail)
            found = min(ends, key=lambda end: abs(end - self._next - 1), default=None)
            if found is not None:
                return found
        return min(self._next + 1, len(self._draft))


@dataclass(frozen=True, slots=True)
class Case:
    """One annotated region: what the verifier would write and what the drafter proposes."""

    page: str
    language: str
    truth: str
    draft: str


def replay(codec: Codec, cursor: Cursor, truth: str, window: int, reach: int = 0) -> DecodeStats:
    """The decode loop over one region whose verifier writes ``truth``; ``reach`` tokens in each branch."""
    wanted = [*codec.encode(truth)[0], END]
    done = steps = accepted = drafted = 0
    while done < len(wanted):
        tree = cursor.propose(window, reach)
        coming = [*wanted[done : done + len(tree) + 1], *[PAST] * len(tree)]
        nodes, tokens = accept_exact([coming[depth] for depth in (0, *tree.depths)], tree)
        emitted = tokens if tokens[-1] != PAST else tokens[:-1]
        cursor.advance(emitted)
        done += len(emitted)
        steps, accepted, drafted = steps + 1, accepted + len(nodes), drafted + len(tree)
    return DecodeStats(done, accepted, drafted, steps)


def read_cases(data: Path, drafter: Drafter) -> Iterator[Case]:
    """The text regions of an OmniDocBench folder with their drafts."""
    for region in track(text_regions(data, drafter, Style()), description="drafting"):
        yield Case(region.page, region.language, region.text, region.draft.text if region.draft else "")


GROUPS: dict[str, Callable[[Case], bool]] = {
    "english": lambda case: case.language == "english",
    "english without formulas": lambda case: case.language == "english" and "$" not in case.truth,
    "chinese": lambda case: case.language == "chinese",
    "all": lambda case: True,
}


def measure(
    codec: Codec, cases: Sequence[Case], window: int, matching: str, reach: int = 0
) -> dict[str, dict[str, float | int]]:
    """Figures by group: regions, tokens, mean accepted length, agreement, time in the cursor a step."""
    figures: dict[str, dict[str, float | int]] = {}
    for group, belongs in GROUPS.items():
        chosen = [case for case in cases if belongs(case)]
        started = time.perf_counter()
        stats = sum((_replay_one(codec, case, window, matching, reach) for case in chosen), DecodeStats())
        elapsed = time.perf_counter() - started
        figures[group] = {
            "regions": len(chosen),
            "tokens": stats.tokens,
            "steps": stats.steps,
            "mean_accepted_length": round(stats.mean_accepted_length, 3),
            "drafted_used": round(stats.accepted / max(1, stats.drafted), 3),
            "agreement": round(sum(agreement(c.draft, c.truth) for c in chosen) / max(1, len(chosen)), 4),
            "milliseconds_per_step": round(1000 * elapsed / max(1, stats.steps), 3),
        }
    return figures


def _replay_one(codec: Codec, case: Case, window: int, matching: str, reach: int) -> DecodeStats:
    draft = case.truth if matching == "perfect" else case.draft
    if matching == "tokens":
        return replay(codec, TokenCursor(draft, codec), case.truth, window)
    return replay(codec, DraftCursor([draft], codec, END), case.truth, window, reach)


def main() -> None:
    """Print the figures; the last line is JSON."""
    options = _arguments()
    if not options.tokenizer.is_file():
        raise SystemExit(f"no tokenizer at {options.tokenizer}: name one with --tokenizer")
    codec = TokenizerCodec(Tokenizer.from_file(str(options.tokenizer)))
    if options.drafts and options.drafts.exists():
        cases = [Case(**case) for case in json.loads(options.drafts.read_text(encoding="utf-8"))]
    else:
        cases = list(read_cases(options.data, load("drafters", options.drafter)()))
        if options.drafts:
            rows = [asdict(case) for case in cases]
            options.drafts.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    figures = measure(codec, cases, options.window, options.matching, BRANCH if options.trees else 0)
    names = [name.replace("_", " ") for name in next(iter(figures.values()))]
    table = Table("group", *names, title=f"replayed, {options.matching}, window {options.window}")
    for group, row in figures.items():
        table.add_row(group, *map(str, row.values()))
    Console().print(table)
    settings = {
        "drafter": options.drafter,
        "window": options.window,
        "matching": options.matching,
        "trees": options.trees,
    }
    print(json.dumps({"benchmark": "acceptance", "replayed": True, **settings, "groups": figures}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.acceptance", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="OmniDocBench folder: a JSON and images/")
    parser.add_argument("--tokenizer", type=Path, default=_TOKENIZER, help="tokenizer.json (default: mini's)")
    parser.add_argument("--drafter", default="rapidocr", help="registered drafter (default: rapidocr)")
    parser.add_argument("--drafts", type=Path, help="keep the drafts in this file, or reuse them from it")
    parser.add_argument("--window", type=int, default=128, help="draft tokens a step (default: 128)")
    parser.add_argument(
        "--trees", action=argparse.BooleanOptionalAction, default=True, help="branches beside the main window"
    )
    parser.add_argument(
        "--matching",
        choices=["characters", "tokens", "perfect"],
        default="characters",
        help="tokens: baseline without character matching; perfect: the draft is the annotation itself",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
