"""A quick look at speed: documents made here, of growing length, read by the bundled verifier.

Each length is read in three ways in turn: ``docspec`` (exact acceptance), ``fused`` (the verifier's default)
and ``ar``, the same flow with a verifier that is given no drafts. The flow reads pages ahead while the
verifier works, so every time is the wall time of the whole call. A verifier is new for each reading: nothing
is learnt from one to the next.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from docspec import registry
from docspec.bench import documents
from docspec.bench.record import Journal, counts, setup
from docspec.bench.speed_summary import RUNS, compare, read_summary, summarise, tables
from docspec.bench.ways import STAGES, VERIFIER_STAGES
from docspec.config import Config
from docspec.errors import InputError, UsageError
from docspec.pipeline import Parser, Parts
from docspec.types import DecodeStats, Detector, Document, Drafter
from docspec.verifiers.mini.verifier import MiniVerifier

LENGTHS = (1, 2, 4, 8, 16, 32, 64)  # regions
KINDS = {"pdf": documents.pdf, "scan": documents.scan}
SUFFIX = {"pdf": ".pdf", "scan": ".tiff"}
WIDTH = 140  # characters that the table needs
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What to run: lengths up to ``max_regions``, without drafts up to ``plain_regions``.

    ``against`` is an earlier run's summary; ``tolerance`` is how much longer than its a time may be.
    """

    output: Path
    max_regions: int = 64
    plain_regions: int = 16
    repeat: int = 1
    against: Path | None = None
    tolerance: float = 1.25


@dataclass(frozen=True, slots=True)
class Transcript:
    """One document to read in one way."""

    kind: str
    regions: int
    repeat: int
    run: str

    @property
    def document(self) -> str:
        """What the document is called."""
        return f"{self.kind}-{self.regions}"


def run(options: Options, console: Console | None = None) -> Row:
    """Measure, print the table and return the summary, whose JSON is the last line.

    A result that is in the folder is replaced. Raises UsageError where ``against`` cannot be compared with.
    """
    earlier = read_summary(options.against) if options.against else None
    journal = _measure(options)
    summary = {
        "benchmark": "speed",
        "lengths": summarise(journal.rows),
        "plain_regions": options.plain_regions,
        "setup": journal.setup,
    }
    if earlier is not None:
        summary["against"] = compare(summary, earlier, options.tolerance)
    text = json.dumps(summary, ensure_ascii=False)
    (options.output / "summary.json").write_text(text + "\n", encoding="utf-8")
    console = console or Console(width=max(WIDTH, Console().width))
    for table in tables(summary):
        console.print(table)
    print(text)
    return summary


def readings(options: Options) -> Iterator[Transcript]:
    """What is read, in order: which way comes first goes round from document to document.

    Raises UsageError where no length is left.
    """
    lengths = [length for length in LENGTHS if length <= options.max_regions]
    if not lengths:
        raise UsageError(f"--max-regions must be at least {LENGTHS[0]}, not {options.max_regions}")
    number = 0
    for repeat in range(options.repeat):
        for kind in KINDS:
            for regions in lengths:
                for way in (*RUNS[number % len(RUNS) :], *RUNS[: number % len(RUNS)]):
                    if way != "ar" or regions <= options.plain_regions:
                        yield Transcript(kind, regions, repeat, way)
                number += 1


def _measure(options: Options) -> Journal:
    to_do = list(readings(options))
    detector, drafter = registry.load("detectors", "pymupdf")(), registry.load("drafters", "auto")()
    with tempfile.TemporaryDirectory() as folder:
        new = {one.document: one for one in to_do}
        made = {name: _write(Path(folder), one.kind, one.regions) for name, one in new.items()}
        for kind in KINDS:
            for way in RUNS:  # first-use costs are no document's
                read(made[f"{kind}-{LENGTHS[0]}"], way, detector, drafter)
        journal = _new_journal(options.output / "runs.jsonl")
        for one in track(to_do, description="measuring", console=Console(stderr=True)):
            row: Row = {"page": f"{one.document}-{one.repeat}", "run": one.run, "kind": one.kind}
            row |= {"regions": one.regions, "repeat": one.repeat}
            journal.add(row | read(made[one.document], one.run, detector, drafter))
    return journal


def _new_journal(path: Path) -> Journal:
    """The machine is described as it is once the verifier runs."""
    path.unlink(missing_ok=True)
    settings: Row = {"benchmark": "speed", "verifier": "mini", "replayed": None, "computed": True}
    settings |= {"dtype": "float32", "max_batch": Config().max_batch}
    return Journal(path, setup(settings, "cpu"))


def _write(folder: Path, kind: str, regions: int) -> Path:
    path = folder / f"{regions}{SUFFIX[kind]}"
    path.write_bytes(KINDS[kind](regions))
    return path


def read(path: Path, way: str, detector: Detector, drafter: Drafter) -> Row:
    """What a line says of a document read in one of RUNS. Raises InputError where a page cannot be read."""
    config = Config(accept="fused" if way == "fused" else "exact", verify="all", on_loop="off", offline=True)
    verifier = MiniVerifier(config, drafts=way != "ar")
    parser = Parser(config, parts=Parts(verifier, detector, drafter))
    started = time.perf_counter()
    document = parser.parse(path)
    total = time.perf_counter() - started
    if document.errors:
        raise InputError(f"{path.name}: {document.errors[0]}")
    return {**_row(document), "total_s": round(total, 6), "passes": verifier.passes}


def _row(document: Document) -> Row:
    seconds = {stage: round(document.timings.get(stage, 0.0), 6) for stage in STAGES}
    regions = [(page.index, one) for page in document.pages for one in page.regions]
    return {
        "pages": len(document.pages),
        "found": len(regions),
        "seconds": seconds,
        "verifier_s": round(sum(seconds[stage] for stage in VERIFIER_STAGES), 6),
        **counts(sum((page.stats for page in document.pages), DecodeStats())),
        "outputs": {f"{index}.{one.region.order}": one.text for index, one in regions},
    }
