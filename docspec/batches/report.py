"""What a batch did, and what it cost: counts, times, and what a million pages would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Group
from rich.table import Table

from docspec.batches.manifest import Record, State

MILLION = 1_000_000
BAD = (State.PARTLY, State.FAILED, State.MISSING)


@dataclass
class BatchReport:
    """What became of the documents of a batch (see Record in docspec/batches/manifest.py).

    ``records`` are those that this run is done with, ``skipped`` is how many were done before, and ``before``
    the records of those that had failed before. ``pages`` counts what this run read. ``seconds`` by stage are
    summed over workers, ``wall`` are the run's own.

    >>> report = docspec.batch(["paper.pdf"], "batched", verifier="draft-only")
    >>> report.pages, report.exit_code
    (2, 0)
    """

    documents: int = 0
    records: list[Record] = field(default_factory=list)
    skipped: int = 0
    before: list[Record] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)  # inputs that named no document: why
    notes: list[str] = field(default_factory=list)
    pages: int = 0
    failed_pages: int = 0
    tokens: int = 0
    steps: int = 0
    lost: Counter[str] = field(default_factory=Counter)  # workers that died or were ended, by reason
    recycled: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    wall: float = 0.0
    workers: int = 1

    @property
    def states(self) -> Counter[State]:
        """How many documents of this run ended how."""
        return Counter(record.state for record in self.records)

    @property
    def settled(self) -> int:
        """Documents that nothing more is to be done for."""
        return len(self.records) + self.skipped + len(self.before)

    @property
    def exit_code(self) -> int:
        """0: all is done; 1: some pages or documents failed; 2: nothing could be read."""
        states = self.states
        good = states[State.DONE] + states[State.PARTLY] + self.skipped
        good += sum(record.state is State.PARTLY for record in self.before)
        bad = sum(states[state] for state in BAD) + len(self.before) + len(self.unnamed)
        return (1 if good else 2) if bad else 0

    def failures(self) -> Iterator[str]:
        """One line for each document or page that failed, those of former runs as well."""
        yield from self.unnamed
        for record in [*self.before, *self.records]:
            if record.error:
                yield f"{record.source}: {record.error}"
            for failure in record.failures:
                yield f"{record.source}: page {failure.page}: {failure.reason}"

    def tables(self) -> Group:
        """Summary and cost for a terminal."""
        parts: list[Table | str] = [self._headline()]
        if self.lost or self.recycled:
            ways = [f"{count} x {reason}" for reason, count in self.lost.most_common()]
            ways += [f"{self.recycled} replaced since their memory had grown"] * bool(self.recycled)
            parts.append("workers: " + "; ".join(ways))
        if self.pages:
            parts.append(self._cost())
        return Group(*parts)

    def _headline(self) -> str:
        states = self.states
        counted = [f"{states[state]} {state}" for state in State if states[state]]
        counted += [f"{self.skipped} done before"] * bool(self.skipped)
        counted += [f"{len(self.before)} failed before (--retry-failed)"] * bool(self.before)
        failed = f" ({self.failed_pages} failed)" if self.failed_pages else ""
        return (
            f"{self.documents} documents: {', '.join(counted) or 'none'}; {self.pages} pages read{failed} "
            f"in {self.wall:.1f} s"
        )

    def _cost(self) -> Table:
        table = Table("cost", box=None, pad_edge=False, header_style="bold")
        table.add_column("", justify="right")
        rate = self.pages / self.wall if self.wall else 0.0
        table.add_row("pages/s", f"{rate:.2f}")
        for stage, seconds in self.seconds.items():
            table.add_row(f"{stage}, worker seconds a page", f"{seconds / self.pages:.3f}")
        if self.steps:
            table.add_row("tokens of the model", str(self.tokens))
            table.add_row("mean accepted length", f"{self.tokens / self.steps:.2f}")
        if rate:
            table.add_row("a million pages at this rate", duration(MILLION / rate))
        return table


def duration(seconds: float) -> str:
    """In the unit that a person would say it in."""
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
