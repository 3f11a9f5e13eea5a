"""What a run did, as tables: pages, regions, time by stage, and how well the drafts were accepted."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from rich.console import Group
from rich.table import Table
from rich.text import Text

from docspec.types import DecodeStats, Document, Finish


@dataclass
class Summary:
    """Counts over the documents of a run. ``seconds`` by stage; stages of different threads overlap."""

    documents: int = 0
    pages: int = 0
    failed_pages: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    regions: Counter[str] = field(default_factory=Counter)
    verified: Counter[str] = field(default_factory=Counter)
    degenerate: int = 0
    cut_off: int = 0
    sampled_pages: int = 0
    sampled_lines: int = 0
    least_agreement: float = 1.0
    verifiers: dict[str, None] = field(default_factory=dict)
    stats: defaultdict[str, DecodeStats] = field(default_factory=lambda: defaultdict(DecodeStats))

    def add(self, document: Document) -> None:
        """Count one finished document."""
        self.documents += 1
        self.pages += len(document.pages)
        self.failed_pages += len(document.errors)
        if document.device:
            self.verifiers[f"{document.verifier} on {document.device}"] = None
        for stage, seconds in document.timings.items():
            self.seconds[stage] += seconds
        for result in (result for page in document.pages for result in page.regions):
            source = result.draft.source if result.draft else "no draft"
            self.regions[source] += 1
            self.verified[source] += result.verdict.finish is not Finish.UNVERIFIED
            self.degenerate += result.verdict.finish is Finish.LOOP
            self.stats[source] += result.verdict.stats
        self.cut_off += sum(page.cut_off for page in document.pages)
        for page in document.pages:
            if page.sample is not None:
                self.sampled_pages += 1
                self.sampled_lines += page.sample.lines
                self.least_agreement = min(self.least_agreement, page.sample.agreement)
            passes = {"(regions, before pages)": page.region_pass}
            if page.verdict is not None:
                passes["(whole pages)"] = page.verdict.stats
            for name, stats in passes.items():
                if stats.tokens:  # a row of its own, beside those of the regions by source
                    self.regions[name] += 0
                    self.stats[name] += stats

    def tables(self, wall: float) -> Group:
        """The summary for a terminal; ``wall`` is the run's seconds."""
        parts: list[Table | Text | str] = [self._headline(wall), *map(Text, self.verifiers)]
        if self.sampled_pages:
            parts.append(self._sample())
        if self.regions:
            parts.append(self._sources())
        if self.seconds:
            parts.append(self._stages())
        return Group(*parts)

    def _headline(self, wall: float) -> str:
        failed = f" ({self.failed_pages} failed)" if self.failed_pages else ""
        speed = f", {self.pages / wall:.2f} pages/s" if wall > 0 and self.pages else ""
        degenerate = f" ({self.degenerate} degenerate)" if self.degenerate else ""
        cut_off = f" ({self.cut_off} cut off at the token limit)" if self.cut_off else ""
        return (
            f"{_count(self.documents, 'document')}, {_count(self.pages, 'page')}{failed}, "
            f"{_count(self.regions.total(), 'region')}{degenerate}{cut_off} in {wall:.1f} s{speed}"
        )

    def _sample(self) -> str:
        lines, pages = _count(self.sampled_lines, "line"), _count(self.sampled_pages, "page")
        return (
            f"trusted text layer, sampled: {lines} of {pages} read again, "
            f"agreement at least {self.least_agreement:.2f}"
        )

    def _sources(self) -> Table:
        table = Table("draft source", box=None, pad_edge=False, header_style="bold")
        for heading in ("regions", "verified", "tokens", "accepted", "steps", "mean accepted length"):
            table.add_column(heading, justify="right")
        rows = [(source, count) for source, count in self.regions.most_common()]
        for source, count in rows:
            table.add_row(*_row(source, count, self.verified[source], self.stats[source]))
        if len(rows) > 1:
            total = sum(self.stats.values(), DecodeStats())
            table.add_row(*_row("all", self.regions.total(), self.verified.total(), total), style="bold")
        return table

    def _stages(self) -> Table:
        table = Table("stage", box=None, pad_edge=False, header_style="bold")
        table.add_column("seconds", justify="right")
        for stage, seconds in self.seconds.items():
            table.add_row(stage, f"{seconds:.2f}")
        return table


def _row(source: str, regions: int, verified: int, stats: DecodeStats) -> tuple[str, ...]:
    length = f"{stats.mean_accepted_length:.2f}" if stats.steps else "-"
    counts = (regions, verified, stats.tokens, stats.accepted, stats.steps)
    return (source, *(str(count) for count in counts), length)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
