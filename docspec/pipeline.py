"""The whole flow: source, layout, drafts, verification, assembly."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, Unpack

from docspec import drafting, registry
from docspec.config import Config, Options
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.drafting import Ahead, Input, Stages
from docspec.errors import DocspecError, UsageError
from docspec.run import Outcome, Progress, Run, spares
from docspec.trust import Sampler
from docspec.types import Detector, Document, Drafter, LoadsLate, Mode, Verifier
from docspec.verifiers.draft_only import DraftOnly
from docspec.verifiers.loading import load_verifier


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One document of a batch: its ``document``, or the ``error`` that kept it from being read.

    >>> [result] = docspec.Parser().parse_batch(["missing.pdf"])
    >>> result.path.name, result.document, type(result.error).__name__
    ('missing.pdf', None, 'InputNotFound')
    """

    path: Path
    document: Document | None = None
    error: DocspecError | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The exchangeable parts of a Parser, loaded."""

    verifier: Verifier
    detector: Detector
    drafter: Drafter


def load_parts(config: Config, verifier: Verifier | None = None) -> Parts:
    """The parts that ``config`` names, or ``verifier`` for its own. Raises UsageError and ModelError."""
    return Parts(
        verifier=verifier or (load_verifier(config) if config.verify != "none" else DraftOnly(config)),
        detector=registry.make("detectors", config.detector, config),
        drafter=registry.make("drafters", config.drafter, config),
    )


class Parser:
    """Parses documents with one loaded verifier.

    ``Parser(verifier="mini", device="cuda")`` takes the fields of Config as options. Raises UsageError for
    options that cannot be used and ModelError where the verifier cannot be loaded. Its attribute ``mode``
    says how pages are read, which ``auto`` leaves open. ``parts`` are used instead of those that the options
    name.

    One run at a time: a second thread needs a Parser of its own. As a context manager it closes itself.

    >>> with docspec.Parser(verifier="mini", pages="1") as parser:
    ...     document = parser.parse("paper.pdf")
    >>> len(document.pages)
    1
    """

    def __init__(
        self, config: Config | None = None, *, parts: Parts | None = None, **options: Unpack[Options]
    ) -> None:
        self.config = replace(config, **options) if config else Config(**options)
        parts = parts or load_parts(self.config)
        self.verifier = parts.verifier
        self.mode = choose_mode(self.config.mode, self.verifier)
        spared = spares(self.config, self.verifier)
        self._stages = Stages(
            detector=parts.detector,
            drafter=parts.drafter,
            style=replace(self.verifier.style, emphasis=not self.config.plain),
            dpi=self.verifier.dpi,
            config=self.config,
            mode=self.mode,
            sampler=Sampler(_engine(parts.drafter)) if spared else None,
        )
        self._free = threading.Lock()
        self._ahead: Ahead | None = None  # the last run's drafting
        self._closed = False

    def parse(
        self, source: Path | str | bytes, *, name: str | None = None, progress: Progress | None = None
    ) -> Document:
        """Parse one PDF or image, a path or its bytes (``name`` labels those).

        Raises InputError where it cannot be read; a page that fails is reported in its PageResult.
        ``progress`` is called with each finished page; what it raises ends the run.
        """
        item = Input(0, source if isinstance(source, bytes) else Path(source), name)
        with self._run([item], progress) as outcomes:
            [outcome] = outcomes
        if isinstance(outcome.result, DocspecError):
            raise outcome.result
        return outcome.result

    def parse_batch(
        self, paths: Iterable[Path | str], progress: Progress | None = None
    ) -> Generator[BatchResult]:
        """Parse many documents, sharing the verifier's batches; streams in order of completion.

        Each result is there as soon as its document's last page is done. To leave early, close the generator
        (or just leave the loop): what is in hand is dropped, and the Parser can be used again.
        """
        known = [Path(path) for path in paths]
        inputs = [Input(number, path) for number, path in enumerate(known)]
        with self._run(inputs, progress) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome.result, DocspecError):
                    yield BatchResult(known[outcome.number], error=outcome.result)
                else:
                    yield BatchResult(known[outcome.number], document=outcome.result)

    def close(self) -> None:
        """Give back what the verifier holds; the Parser cannot be used any more."""
        self._closed = True
        if self._free.acquire(blocking=False):
            self.verifier.release()
            self._free.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _run(self, inputs: Sequence[Input], progress: Progress | None) -> Iterator[Generator[Outcome]]:
        """The outcomes of a run over ``inputs``, the only one at a time; nothing is left of it afterwards."""
        if self._closed:
            raise UsageError("this Parser has been closed: make another one")
        if not self._free.acquire(blocking=False):
            raise UsageError(
                "this Parser is in use: finish or close its parse_batch first, and give each thread a Parser "
                "of its own"
            )
        try:
            if self._ahead and not self._ahead.ended(drafting.PATIENCE):
                raise UsageError("this Parser is in use: a page of its last run is still being drafted")
            if not self._stages.sampler and isinstance(self.verifier, LoadsLate):
                self.verifier.prepare()  # everything is verified
            ahead = self._ahead = Ahead(self._stages, inputs)
            run = Run(ahead, inputs, self.verifier, self.mode, self.config, progress)
            with ahead, closing(run.outcomes()) as outcomes:
                yield outcomes
        finally:
            self._free.release()


def parse(source: Path | str | bytes, **options: Unpack[Options]) -> Document:
    """Parse one document; options as for Parser, which is worth keeping when there are several.

    >>> document = docspec.parse("paper.pdf", verifier="draft-only", pages="2")
    >>> document.markdown.splitlines()[0]
    '## 2 Heading of page 2'
    """
    return Parser(**options).parse(source)


def _engine(drafter: Drafter) -> OcrEngine:
    """The engine that ``drafter`` reads with, or one of its own."""
    engine = getattr(drafter, "engine", None)
    return engine if isinstance(engine, OcrEngine) else OcrEngine()


def choose_mode(name: str, verifier: Verifier) -> Mode:
    """The mode called ``name``; ``auto`` is region mode only where that is what the verifier was made for.

    Raises UsageError where the verifier cannot read pages.
    """
    if name == "auto":
        pages = verifier.reads_pages and verifier.native == "page"
        return Mode.HIERARCHICAL if pages else Mode.REGION
    mode = Mode(name)
    if mode is not Mode.REGION and not verifier.reads_pages:
        raise UsageError(
            f"the verifier {verifier.name!r} reads regions only: mode {name} needs one that reads pages; "
            "use --mode region or auto"
        )
    return mode
