"""Runs that end early, break or wait: state ends with its run, failures are loud, results come when ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
import torch
from conftest import PARAGRAPH
from random_models import save_checkpoint

import docspec
from docspec import drafting
from docspec.config import Config
from docspec.errors import ModelError, UsageError
from docspec.pipeline import Parts
from docspec.types import (
    Category,
    Draft,
    Finish,
    Line,
    Page,
    PageResult,
    Region,
    Request,
    Style,
    Verdict,
    union,
)
from docspec.verifiers.draft_only import DraftOnly


class OneBlock:
    """A detector that needs no model: everything is one paragraph."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """One region, or none on an empty page."""
        return [Region(page.index, 0, union(line.box for line in lines), Category.TEXT)] if lines else []


class Doubtful:
    """A drafter that is not sure of its text layer."""

    def __init__(self) -> None:
        self.pages: list[int] = []

    def read(self, page: Page) -> Sequence[Line]:
        """The text layer."""
        self.pages.append(page.index)
        return page.lines

    def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
        """Its text, with half a confidence."""
        return [Draft(" ".join(line.text for line in region.lines), "text-layer", 0.5)]


class Shouting(DraftOnly):
    """A verifier that reads every draft in capitals, one request after the other."""

    name = "shouting"
    dpi = 72.0
    doubtful_only = True

    def __init__(self) -> None:
        super().__init__(Config())

    def declines(self, request: Request) -> str | None:
        """Nothing."""
        return None

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        """The drafts in capitals."""
        for request in requests:
            if request is not None:
                yield request.key, Verdict(request.drafts[0].text.upper(), Finish.END)


def parser_of(verifier: Any = None, drafter: Any = None, **options: Any) -> docspec.Parser:
    """The real flow over small parts."""
    parts = Parts(verifier or Shouting(), OneBlock(), drafter or Doubtful())
    return docspec.Parser(Config(**options), parts=parts)


@pytest.fixture
def documents(tmp_path: Path) -> list[Path]:
    """Five PDFs of two pages."""
    paths = []
    for number in range(5):
        made = pymupdf.open()
        for page in range(2):
            made.new_page(width=300, height=200).insert_text((20, 40), f"Document {number}, page {page}.")
        paths.append(tmp_path / f"{number}.pdf")
        made.save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random checkpoint of a real class."""
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(folder, "qwen2_vl", 0)
    return folder


@pytest.fixture
def model_parser(checkpoint_folder: Path) -> docspec.Parser:
    """The engine over that checkpoint, for short outputs."""
    config = Config(verifier=str(checkpoint_folder), mode="region", max_new_tokens=12, max_batch=2)
    parts = docspec.pipeline.load_parts(config)
    return docspec.Parser(config, parts=Parts(parts.verifier, OneBlock(), Doubtful()))


def threads() -> list[threading.Thread]:
    """Drafting threads that are alive."""
    return [thread for thread in threading.enumerate() if thread.name == "docspec-drafting"]


@pytest.mark.parametrize("way", ["close", "drop", "progress"])
def test_a_run_that_is_left_early_leaves_nothing(
    way: str, documents: list[Path], model_parser: docspec.Parser
) -> None:
    """However a run ends, no thread goes on, and the Parser reads on as a new one would."""
    expected = model_parser.parse(documents[3]).markdown

    def interrupt(page: PageResult) -> None:
        raise KeyboardInterrupt

    if way == "close":
        results = model_parser.parse_batch(documents)
        next(results)
        results.close()
    elif way == "drop":
        next(model_parser.parse_batch(documents))
    else:
        with pytest.raises(KeyboardInterrupt):
            model_parser.parse(documents[0], progress=interrupt)
    assert threads() == []
    assert model_parser.parse(documents[3]).markdown == expected


def test_a_parser_does_one_run_at_a_time(documents: list[Path]) -> None:
    """A second run, from this thread or another, is refused with a sentence; closing the first frees it."""
    parser = parser_of()
    results = parser.parse_batch(documents)
    next(results)
    with pytest.raises(UsageError, match="in use"):
        parser.parse(documents[0])
    caught: list[Exception] = []

    def work() -> None:
        try:
            parser.parse(documents[0])
        except UsageError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(caught) == 1
    results.close()
    assert parser.parse(documents[0]).errors == ()


def test_a_parser_closes_as_a_context(documents: list[Path]) -> None:
    """After the context it refuses to parse, and says why."""
    with parser_of() as parser:
        assert "DOCUMENT 0" in parser.parse(documents[0]).markdown
    with pytest.raises(UsageError, match="closed"):
        parser.parse(documents[0])


def test_a_thread_that_does_not_stop_keeps_its_parser(
    documents: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopping takes bounded time; the next run is refused while a page is being drafted, and only then."""
    held, going_on = threading.Event(), threading.Event()

    class Stuck(Doubtful):
        def read(self, page: Page) -> Sequence[Line]:
            if self.pages:
                held.set()
                going_on.wait(30)
            return super().read(page)

    monkeypatch.setattr(drafting, "PATIENCE", 0.05)
    monkeypatch.setattr(drafting, "HASTE", 0.05)
    parser = parser_of(drafter=Stuck())

    def interrupt(page: PageResult) -> None:
        held.wait(30)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parser.parse(documents[0], progress=interrupt)
    with pytest.raises(UsageError, match="in use"):
        parser.parse(documents[0])
    going_on.set()
    monkeypatch.undo()
    assert parser.parse(documents[0]).errors == ()
    assert threads() == []


@pytest.mark.parametrize("broken", ["vision", "decoder"])
def test_a_broken_model_is_an_error(
    broken: str, documents: list[Path], model_parser: docspec.Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the model itself breaks, its pages fail with the reason; the drafts are there, unverified."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    verifier: Any = model_parser.verifier
    if broken == "vision":
        monkeypatch.setattr(verifier.loaded.profile, "embed", fail)
    else:
        monkeypatch.setattr(verifier.engine.runner, "prefill", fail)
    document = model_parser.parse(documents[0])
    assert len(document.errors) == 2
    assert all("illegal memory access" in error for error in document.errors)
    assert document.pages[0].regions[0].verdict.finish is Finish.UNVERIFIED
    monkeypatch.undo()
    assert model_parser.parse(documents[0]).errors == ()


def test_a_pass_that_breaks_once_fails_what_was_in_it(
    documents: list[Path], model_parser: docspec.Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that were not in the broken pass are read all the same."""
    verifier: Any = model_parser.verifier
    prefill, calls = verifier.engine.runner.prefill, []

    def fail_once(*args: Any, **kwargs: Any) -> torch.Tensor:
        calls.append(len(args[0]))
        if len(calls) == 1:
            raise RuntimeError("simulated")
        logits: torch.Tensor = prefill(*args, **kwargs)
        return logits

    monkeypatch.setattr(verifier.engine.runner, "prefill", fail_once)
    results = list(model_parser.parse_batch(documents))
    pages = [page for result in results if result.document for page in result.document.pages]
    assert len(pages) == 10
    assert 1 <= sum(page.error is not None for page in pages) <= 2  # the batch has two rows


def test_a_verifier_that_forgets_requests_is_found_out(documents: list[Path]) -> None:
    """A third party's verifier that ends without all verdicts ends the run with an error, not without end."""

    class Forgetful(Shouting):
        def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
            yield from list(super().verify(requests))[1:]

    class Lost(Shouting):
        def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
            next(iter(requests))
            yield from ()

    with pytest.raises(ModelError, match="no verdict"):
        parser_of(Lost()).parse(documents[0])


def test_a_verifier_may_take_everything_first(documents: list[Path]) -> None:
    """One that answers only when it has seen all requests of a run is answered in turn."""

    class Patient(Shouting):
        def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
            yield from super().verify(list(requests))

    results = [result.document for result in parser_of(Patient()).parse_batch(documents)]
    assert all(document and document.markdown.isupper() for document in results)
    assert len(results) == 5


@pytest.mark.parametrize("verify", ["doubtful", "all"])
def test_documents_come_as_they_are_done(verify: str, documents: list[Path]) -> None:
    """The first result is there before the last document is read, also where nothing needs a verdict."""

    class Sure(Doubtful):
        def draft(self, page: Page, region: Region, style: Style) -> Sequence[Draft]:
            [draft] = super().draft(page, region, style)
            return [Draft(draft.text, draft.source, 1.0)]

    drafter = Sure()
    results = parser_of(drafter=drafter, verify=verify).parse_batch(documents)
    seen = []
    for result in results:
        assert result.document
        seen.append((result.document.markdown, len(drafter.pages)))
    assert [text.lower()[:10] for text, _ in seen] == [f"document {number}" for number in range(5)]
    assert all(text.isupper() == (verify == "all") for text, _ in seen)
    # a document has two pages; a few more are drafted ahead
    assert all(pages <= 2 * (number + 1) + drafting.AHEAD + 1 for number, (_, pages) in enumerate(seen))


def test_a_busy_verifier_does_not_wait_for_drafting(documents: list[Path]) -> None:
    """While it has something to do, "none ready yet" comes at once; with nothing to do it is not asked."""
    going_on = threading.Event()
    waits: list[float] = []

    class Slow(Doubtful):
        def read(self, page: Page) -> Sequence[Line]:
            if self.pages:
                going_on.wait(30)
            return super().read(page)

    class Timed(Shouting):
        def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
            held: list[Request] = []
            for request in self._timed(iter(requests)):
                if request is not None:
                    held.append(request)
                if len(waits) >= 300:
                    going_on.set()
                    while held:
                        one = held.pop()
                        yield one.key, Verdict("READ", Finish.END)

        def _timed(self, requests: Iterator[Request | None]) -> Iterator[Request | None]:
            while True:
                started = time.perf_counter()
                try:
                    request = next(requests)
                except StopIteration:
                    return
                waits.append(time.perf_counter() - started)
                yield request

    document = parser_of(Timed(), Slow()).parse(documents[0])
    assert document.markdown == "READ\n\nREAD\n"
    asked = sorted(waits[2:290])
    assert asked[len(asked) // 2] < 5e-4  # 2 ms each before


def test_pictures_that_cannot_be_cut_fail_their_page(
    documents: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong with a page's pictures costs that page alone."""

    def fail(*args: Any) -> dict[int, bytes]:
        raise MemoryError("simulated")

    monkeypatch.setattr(drafting.Stages, "_pictures", fail)
    document = parser_of(images=True).parse(documents[0])
    assert [error.split(": ", 1)[1] for error in document.errors] == ["MemoryError: simulated"] * 2


def test_a_drafter_that_gives_no_drafts_fails_its_page(documents: list[Path]) -> None:
    """A third party's mistake costs the page and says what was given; the run goes on."""

    class Plain(Doubtful):
        def draft(self, page: Page, region: Region, style: Style) -> Any:
            return "text" if page.index == 0 else super().draft(page, region, style)

    document = parser_of(drafter=Plain()).parse(documents[0])
    assert document.errors == ("page 1: TypeError: the drafter gave str, not Draft",)
    assert document.pages[1].regions[0].text == "DOCUMENT 0, PAGE 1."


def test_results_do_not_keep_what_lines_were_read_from(paper: Path) -> None:
    """Pixels are needed until the verdict; a finished document has none of them."""

    class Reads(Doubtful):
        def read(self, page: Page) -> Sequence[Line]:
            return [replace(line, strips=(np.zeros((9, 9, 3), np.uint8),)) for line in page.lines]

    class Looks(Shouting):
        def declines(self, request: Request) -> str | None:
            assert any(request.line_strips)
            return None

    document = parser_of(Looks(), Reads()).parse(paper)
    assert PARAGRAPH.upper()[:20] in document.markdown
    regions = [one.region for page in document.pages for one in page.regions]
    assert not any(line.strips for region in regions for line in region.lines)
