"""How much of a verifier's text the OCR drafts would give it: mean accepted length, replayed.

Takes OmniDocBench's format (a folder with its JSON and ``images/``). The annotated text of each region
stands for the verifier's choices; the draft is what the drafter reads in the annotated box. With ``--mode
page`` a page's recorded output (of a real VLM) stands for the choices, and the draft is the whole page as the
pipeline makes it of the image; with ``--mode hierarchical`` the annotated text stands for regions that have
been read, and is the draft. With ``--pdf`` the recorded output of running text
stands for the choices, and drafts are read from the text layer of PDFs that are typeset of the pages (see
``born_digital``). No model runs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import track
from rich.table import Table
from tokenizers import Tokenizer

from docspec.bench.annotations import text_regions
from docspec.bench.neutral_tokenizer import DESCRIPTION, neutral_tokenizer
from docspec.bench.pages import FORMATS, WELL_READ, RecordedPage, load_pages, recorded_pages, save_pages
from docspec.drafters.experience import Experience
from docspec.drafters.matching import Codec, DraftCursor, agreement
from docspec.drafters.tree import Tree
from docspec.registry import load
from docspec.types import Alternative, DecodeStats, Drafter, Mode, Style
from docspec.verifiers.acceptance import accept_exact
from docspec.verifiers.codec import TokenizerCodec

END = -1  # the end token; no vocabulary has it
BRANCH = 8  # draft tokens in each branch beside the main window, with trees
PAST = -2  # what is chosen after the end
STRETCH = 24  # steps that are looked at together for the worst places


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
    alternatives: tuple[tuple[int, int, str, float], ...] = ()  # of the draft, see docspec.types.Alternative


def replay(
    codec: Codec, cursor: Cursor, truth: str, window: int, reach: int = 0, log: list[int] | None = None
) -> DecodeStats:
    """The decode loop over one region whose verifier writes ``truth``; ``reach`` tokens in each branch.

    ``log`` gets each step's count of tokens.
    """
    wanted = [*codec.encode(truth)[0], END]
    done = steps = accepted = drafted = 0
    while done < len(wanted):
        tree = cursor.propose(window, reach)
        coming = [*wanted[done : done + len(tree) + 1], *[PAST] * len(tree)]
        nodes, tokens = accept_exact([coming[depth] for depth in (0, *tree.depths)], tree)
        emitted = tokens if tokens[-1] != PAST else tokens[:-1]
        cursor.advance(emitted)
        done += len(emitted)
        if log is not None:
            log.append(len(emitted))
        steps, accepted, drafted = steps + 1, accepted + len(nodes), drafted + len(tree)
    return DecodeStats(done, accepted, drafted, steps)


def read_cases(data: Path, drafter: Drafter) -> Iterator[Case]:
    """The text regions of an OmniDocBench folder with their drafts."""
    for region in track(text_regions(data, drafter, Style()), description="drafting"):
        text = region.draft.text if region.draft else ""
        doubts = region.draft.alternatives if region.draft else ()
        yield Case(region.page, region.language, region.text, text, tuple(map(astuple, doubts)))


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


def measure(
    codec: Codec,
    cases: Sequence[Case],
    window: int,
    matching: str,
    reach: int = 0,
    groups: Mapping[str, Callable[[Case], bool]] = GROUPS,
) -> dict[str, dict[str, float | int]]:
    """Figures by group: regions, tokens, mean accepted length, agreement, time in the cursor a step."""
    figures: dict[str, dict[str, float | int]] = {}
    for group, belongs in groups.items():
        chosen = [case for case in cases if belongs(case)]
        started = time.perf_counter()
        known = Experience()  # as in one verifier that reads all of the group in this order
        replayed = (_replay_one(codec, case, window, matching, reach, known) for case in chosen)
        stats = sum(replayed, DecodeStats())
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


def _replay_one(
    codec: Codec, case: Case, window: int, matching: str, reach: int, known: Experience
) -> DecodeStats:
    draft = case.truth if matching == "perfect" else case.draft
    if matching == "tokens":
        return replay(codec, TokenCursor(draft, codec), case.truth, window)
    doubts = [Alternative(*one) for one in case.alternatives if matching != "perfect"]
    cursor = DraftCursor([draft], codec, END, [doubts], known)
    stats = replay(codec, cursor, case.truth, window, reach)
    known.finished(codec.encode(case.truth)[0])
    return stats


def page_cases(pages: Sequence[RecordedPage], form: str, tables: bool) -> list[Case]:
    """Whole pages with their drafts, written in a format of FORMATS."""
    cases = []
    for page in pages:
        draft = page.draft(FORMATS[form], tables=tables)
        doubts = tuple(map(astuple, draft.alternatives))
        cases.append(Case(page.name, page.language, page.output.strip(), draft.text, doubts))
    return cases


def page_groups(pages: Sequence[RecordedPage]) -> dict[str, Callable[[Case], bool]]:
    """Each page, those that the recorded verifier read well, and all."""

    def among(names: frozenset[str]) -> Callable[[Case], bool]:
        return lambda case: case.page in names

    well = frozenset(page.name for page in pages if page.fidelity >= WELL_READ)
    groups = {f"{page.name[:24]}… ({page.fidelity:.2f})": among(frozenset((page.name,))) for page in pages}
    groups[f"the {len(well)} well-read pages"] = among(well)
    return groups | {"all": lambda case: True}


def print_worst(codec: Codec, cases: Sequence[Case], window: int, reach: int, count: int) -> None:
    """The stretches of output that took the most steps for their tokens, steps set apart by bars."""
    for case in cases:
        log: list[int] = []
        replay(codec, DraftCursor([case.draft], codec, END), case.truth, window, reach, log)
        tokens, starts = codec.encode(case.truth)[0], [0]
        for length in log:
            starts.append(starts[-1] + length)
        stretches = [range(at, min(at + STRETCH, len(log))) for at in range(0, len(log), STRETCH)]
        stretches.sort(key=lambda steps: (starts[steps[-1] + 1] - starts[steps[0]]) / len(steps))
        Console().rule(case.page)
        for steps in stretches[:count]:
            print("|".join(codec.decode(tokens[starts[step] : starts[step + 1]]) for step in steps), "\n")


def _cases(options: argparse.Namespace) -> tuple[list[Case], Mapping[str, Callable[[Case], bool]]]:
    """The cases to replay and how they are grouped; drafts come from their file where there is one."""
    file: Path | None = options.drafts
    known = file is not None and file.exists()
    if options.mode == "region":
        if file is not None and known:
            cases = [Case(**case) for case in json.loads(file.read_text(encoding="utf-8"))]
        else:
            drafter = load("drafters", options.drafter)()
            if options.pdf:
                cases = list(read_pdf_cases(options.data, _outputs(options), drafter, options.pdf))
            else:
                cases = list(read_cases(options.data, drafter))
            if file is not None:
                rows = [asdict(case) for case in cases]
                file.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
        return cases, GROUPS
    if file is not None and known:
        pages = load_pages(file)
    else:
        pages = list(recorded_pages(options.data, _outputs(options), options.drafter, Mode(options.mode)))
        if file is not None:
            save_pages(file, pages)
    return page_cases(pages, options.form, options.tables), page_groups(pages)


def _outputs(options: argparse.Namespace) -> Path:
    outputs: Path = options.outputs or options.data / "vlm_outputs"
    return outputs


def main() -> None:
    """Print the figures; the last line is JSON."""
    options = _arguments()
    if options.pdf and options.mode != "region":
        raise SystemExit("--pdf is of regions: leave --mode out")
    usual = "text-layer" if options.pdf else "rapidocr" if options.mode == "region" else "auto"
    options.drafter = options.drafter or usual
    own: Path | None = options.tokenizer
    if own is not None and not own.is_file():
        raise SystemExit(f"no tokenizer at {own}: leave --tokenizer out for a neutral one")
    codec = TokenizerCodec(Tokenizer.from_file(str(own)) if own else neutral_tokenizer())
    cases, groups = _cases(options)
    reach = BRANCH if options.trees else 0
    if options.worst:
        print_worst(codec, cases, options.window, reach, options.worst)
    figures = measure(codec, cases, options.window, options.matching, reach, groups)
    names = [name.replace("_", " ") for name in next(iter(figures.values()))]
    made = f", {options.pdf} text in PDFs" if options.pdf else ""
    title = f"replayed, {options.mode} mode{made}, {options.matching}, window {options.window}"
    tokenizer = str(own) if own else DESCRIPTION
    table = Table("group", *names, title=title, caption=f"tokenizer: {tokenizer}")
    for group, row in figures.items():
        table.add_row(group, *map(str, row.values()))
    Console().print(table)
    settings = {
        "mode": options.mode,
        "drafter": options.drafter,
        "window": options.window,
        "matching": options.matching,
        "trees": options.trees,
        "tokenizer": tokenizer,
    }
    if options.pdf:
        settings["pdf"] = options.pdf
    if options.mode != "region":
        settings |= {"format": options.form, "tables": options.tables}
    print(json.dumps({"benchmark": "acceptance", "replayed": True, **settings, "groups": figures}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.acceptance", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="OmniDocBench folder: a JSON and images/")
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default="region")
    parser.add_argument(
        "--pdf", choices=["annotated", "recorded"], help="running text from typeset PDFs, as recorded outputs"
    )
    parser.add_argument("--outputs", type=Path, help="recorded pages, .md (default: DATA/vlm_outputs)")
    parser.add_argument("--tokenizer", type=Path, help=f"tokenizer.json (default: {DESCRIPTION})")
    parser.add_argument(
        "--drafter", help="registered drafter (default: rapidocr, text-layer for PDFs, auto for pages)"
    )
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
    parser.add_argument(
        "--tables",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="pages: draft tables as tables",
    )
    parser.add_argument(
        "--format",
        dest="form",
        choices=list(FORMATS),
        default="family",
        help="pages: drafted as the recorded family writes markdown, or in plain markdown",
    )
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print the N worst stretches")
    return parser.parse_args()


if __name__ == "__main__":
    main()
