"""What the replayed acceptance benchmark reads: recorded text with the drafts made for it, by group."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from rich.progress import track

from docspec.bench.annotations import text_regions
from docspec.types import Drafter, Style

# Fidelity of an output, chosen by eye: of nine recorded pages five have 0.86 or more, the next has 0.77.
# Inline formulas alone cost a page of physics a tenth.
WELL_READ = 0.85
DISPLAY = "display formulas"


@dataclass(frozen=True, slots=True)
class Case:
    """A region or a page: what the verifier would write and what the drafter proposes.

    ``fidelity`` is the share (0..1) of a page's annotated text that a recorded output has: what the output
    has not from the page, no draft of the page can have.
    """

    page: str
    language: str
    truth: str
    draft: str
    alternatives: tuple[tuple[int, int, str, float], ...] = ()  # of the draft, see docspec.types.Alternative
    fidelity: float = 1.0
    kind: str = "text"  # or DISPLAY


def kept_cases(file: Path) -> list[Case]:
    """The cases that the acceptance benchmark's ``--drafts`` kept in a file."""
    return [Case(**case) for case in json.loads(file.read_text(encoding="utf-8"))]


def add_drafts(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Give a benchmark the option ``--drafts``, of files for ``kept_cases``."""
    parser.add_argument(
        "--drafts",
        type=Path,
        nargs="+" if required else "*",
        required=required,
        default=[],
        help="files that docspec.bench.acceptance --drafts kept",
    )


def read_cases(data: Path, drafter: Drafter) -> Iterator[Case]:
    """The text regions of an OmniDocBench folder with their drafts."""
    style = Style(formula=("$ ", " $"))  # as the annotations are
    for region in track(text_regions(data, drafter, style), description="drafting"):
        text = region.draft.text if region.draft else ""
        alternatives = region.draft.alternatives if region.draft else ()
        yield Case(region.page, region.language, region.text, text, tuple(map(astuple, alternatives)))


def read_pdf_cases(data: Path, outputs: Path, drafter: Drafter, text: str) -> Iterator[Case]:
    """Running text as a model wrote it, with drafts from PDFs that are typeset as ``text`` says."""
    from docspec.bench.born_digital import read_prose  # needs the bench extra, the rest does not

    for prose in track(read_prose(data, outputs, drafter, text), description="drafting"):
        yield Case(prose.regions[0].page, prose.regions[0].language, prose.output, prose.draft)


def _no_formula(case: Case) -> bool:
    return not any(mark in case.truth for mark in ("$", "\\(", "\\["))


GROUPS: dict[str, Callable[[Case], bool]] = {
    "english": lambda case: case.language == "english",
    "english without formulas": lambda case: case.language == "english" and _no_formula(case),
    "chinese": lambda case: case.language == "chinese",
    "all": lambda case: case.kind != DISPLAY,
}


def region_groups(cases: Sequence[Case]) -> dict[str, Callable[[Case], bool]]:
    """Text by its language, and display formulas where there are any."""
    shown = any(case.kind == DISPLAY for case in cases)
    return GROUPS | ({DISPLAY: lambda case: case.kind == DISPLAY} if shown else {})


def page_groups(cases: Sequence[Case]) -> dict[str, Callable[[Case], bool]]:
    """Each page, those that the recorded verifier read well, and all."""

    def is_page(name: str) -> Callable[[Case], bool]:
        return lambda case: case.page == name

    groups = {f"{case.page[:24]}… ({case.fidelity:.2f})": is_page(case.page) for case in cases}
    well = sum(case.fidelity >= WELL_READ for case in cases)
    groups[f"the {well} well-read pages"] = lambda case: case.fidelity >= WELL_READ
    return groups | {"all": lambda case: True}
