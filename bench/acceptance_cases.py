"""What the replayed acceptance benchmark reads: recorded text with the drafts made for it, by group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from rich.progress import track

from docspec.bench.annotations import text_regions
from docspec.bench.pages import FORMATS, WELL_READ, RecordedPage
from docspec.types import Drafter, Style


@dataclass(frozen=True, slots=True)
class Case:
    """One annotated region: what the verifier would write and what the drafter proposes."""

    page: str
    language: str
    truth: str
    draft: str
    alternatives: tuple[tuple[int, int, str, float], ...] = ()  # of the draft, see docspec.types.Alternative


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
    "all": lambda case: True,
}


def page_cases(pages: Sequence[RecordedPage], form: str, tables: bool) -> list[Case]:
    """Whole pages with their drafts, written in a format of FORMATS."""
    cases = []
    for page in pages:
        draft = page.draft(FORMATS[form], tables=tables)
        alternatives = tuple(map(astuple, draft.alternatives))
        cases.append(Case(page.name, page.language, page.output.strip(), draft.text, alternatives))
    return cases


def page_groups(pages: Sequence[RecordedPage]) -> dict[str, Callable[[Case], bool]]:
    """Each page, those that the recorded verifier read well, and all."""

    def among(names: frozenset[str]) -> Callable[[Case], bool]:
        return lambda case: case.page in names

    well = frozenset(page.name for page in pages if page.fidelity >= WELL_READ)
    groups = {f"{page.name[:24]}… ({page.fidelity:.2f})": among(frozenset((page.name,))) for page in pages}
    groups[f"the {len(well)} well-read pages"] = among(well)
    return groups | {"all": lambda case: True}
