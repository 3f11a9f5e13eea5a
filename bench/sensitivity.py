"""How sharp the fitted numbers are: each halved and doubled, and what that does to what it was fitted on.

``python -m docspec.bench.sensitivity --data FOLDER`` varies the numbers by which drafts are followed and
counts the verify steps of replayed regions, then those of the layout and counts annotated regions found.
Pages are read once. A number that hardly matters may be left alone, one that matters and is best where it
stands was fitted to these pages, and one that would be better elsewhere is worth a look on other pages. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from docspec import registry
from docspec.bench import acceptance, layout
from docspec.bench.acceptance_cases import Case, read_cases
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.config import Config
from docspec.layout import analyse
from docspec.types import Detector, Line, Page, Region
from docspec.verifiers.codec import TokenizerCodec

FOLLOWING = {
    "cursor": ("_SIDES", "_PATIENCE", "_TRUSTED_TOKENS", "_EARLIER", "_DRAFTED"),
    "written": ("TAIL",),
    "locate": ("ENOUGH", "CLOSE", "_ERROR", "_ENDING_WEIGHT", "DOUBLING", "_JUMP", "_CONVINCING"),
    "resync": ("_SWITCH", "_SURE", "_EXACT"),
    "echo": ("_DOUBTFUL", "_UNLIKELY", "_KEPT", "_ALONE"),
    "habits": ("_LEAST",),
}
LAYOUT = {
    "assign": ("ENOUGH", "WHOLE", "REACH", "NEARLY"),
    "cut": ("LEADING", "UNREAD", "INDENT", "MAX_INDENT"),
    "order": ("SIDE_NOTE_WIDTH", "SIDE_NOTE_FILL", "SAME_ROW", "LOWER"),
    "overlaps": ("SAME", "WITHIN", "TEXT_IN_PICTURE"),
    "repair": ("CAPTION_LINES", "TITLE_SIZE", "LONG_HEADING"),
    "written_pictures": ("DRAWN",),
    "headings": ("LIKE",),
}


@dataclass(frozen=True, slots=True)
class Varied:
    """One number: its ``value``, and what is measured with half and with twice of it."""

    name: str
    value: float
    half: float
    double: float


@contextmanager
def changed(modules: Sequence[ModuleType], name: str, old: float, new: float) -> Iterator[None]:
    """``name`` is ``new`` in all ``modules`` that have it as ``old``: they import it from each other."""
    holders = [module for module in modules if getattr(module, name, None) == old]
    for module in holders:
        setattr(module, name, new)
    try:
        yield
    finally:
        for module in holders:
            setattr(module, name, old)


def vary(package: str, numbers: dict[str, tuple[str, ...]], measure: Callable[[], float]) -> Iterator[Varied]:
    """What ``measure`` gives with each of a package's ``numbers``, by module, halved and doubled."""
    modules = [import_module(f"{package}.{module}") for module in numbers]
    for module, names in zip(modules, numbers.values(), strict=True):
        for name in names:
            value = getattr(module, name)
            found = []
            for new in (value / 2, value * 2):
                with changed(modules, name, value, type(value)(new)):
                    found.append(measure())
            yield Varied(f"{module.__name__.rpartition('.')[2]}.{name}", value, *found)


def steps(cases: list[Case]) -> Callable[[], float]:
    """Counts the verify steps of all ``cases``."""
    codec = TokenizerCodec(neutral_tokenizer())

    def measure() -> float:
        groups: dict[str, Callable[[Case], bool]] = {"all": lambda case: True}
        figures = acceptance.measure(codec, cases, 128, "characters", acceptance.BRANCH, groups)
        return float(figures["all"]["steps"])

    return measure


class _Known:
    """A detector that has seen every page before: the same boxes, at once."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.seen: dict[int, Sequence[Region]] = {}

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        if page.index not in self.seen:
            self.seen[page.index] = self.detector.detect(page, lines)
        return self.seen[page.index]


def found(data: Path, config: Config) -> Callable[[], float]:
    """Counts the annotated regions that the layout finds."""
    drafter = registry.make("drafters", config.drafter, config)
    detector = _Known(registry.make("detectors", config.detector, config))
    pages = [(page, expected, drafter.read(page)) for _, page, expected in layout.pages(data)]

    def measure() -> float:
        scores = [
            layout.score(
                "", expected, analyse(page, lines, detector).regions, page.image.shape[1] / page.width
            )
            for page, expected, lines in pages
        ]
        return float(sum(sum(score.found.values()) for score in scores))

    return measure


def report(title: str, base: float, rows: Sequence[Varied], console: Console) -> None:
    """A table of changes against ``base``, what is measured with the numbers as they stand."""
    table = Table("number", "value", "half", "double", title=f"{title}: {base:g}")
    for row in rows:
        table.add_row(
            row.name, f"{row.value:g}", *(f"{one / base - 1:+.1%}" for one in (row.half, row.double))
        )
    console.print(table)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.sensitivity", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="OmniDocBench folder: a JSON and images/")
    options = parser.parse_args()
    config, console = Config(drafter="rapidocr"), Console(width=100)
    cases = list(read_cases(options.data, registry.make("drafters", config.drafter, config)))
    results = {}
    for title, package, numbers, measure in (
        ("verify steps", "docspec.drafters.following", FOLLOWING, steps(cases)),
        ("annotated regions found", "docspec.layout", LAYOUT, found(options.data, config)),
    ):
        base = measure()
        rows = list(vary(package, numbers, measure))
        report(title, base, rows, console)
        results[title] = {"base": base} | {row.name: [row.half, row.double] for row in rows}
    print(json.dumps({"benchmark": "sensitivity"} | results))


if __name__ == "__main__":
    main()
