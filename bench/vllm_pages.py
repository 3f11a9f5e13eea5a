"""The ways inside vLLM over a benchmark's pages: the same texts and drafts as in docspec's own replay."""

from __future__ import annotations

import json
from collections.abc import Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from docspec.bench.acceptance_cases import Case, kept_cases
from docspec.bench.record import Journal, Row
from docspec.bench.replayed import RecordedVerifier
from docspec.bench.saturated import batch_name
from docspec.bench.small_model import Size
from docspec.bench.subject import Subject, parts_of
from docspec.bench.summary import IN_VLLM
from docspec.bench.vllm_engine import PLAIN, WAYS
from docspec.bench.vllm_ways import Comparison, compare
from docspec.bench.ways import Docspec
from docspec.config import Config
from docspec.drafting import RequestKey
from docspec.errors import UsageError
from docspec.types import DecodeStats, Finish, Mode, Request, Verdict
from docspec.verifiers.reading import Output, drafts_of, in_words, verdict_of
from docspec.verifiers.vllm_plugin.arguments import check_vllm

NO_HIERARCHY = "inside vLLM hierarchical mode is left out: it is region mode, and then page mode"
Entry = Mapping[str, Any]


def comparison(
    ways: Sequence[str], concurrency: Sequence[str], replay: str | None, size: Size | None = None
) -> Comparison:
    """What was asked for with ``ways``, names or ``all``, at each of ``concurrency``, by a model of ``size``.

    Raises UsageError for what cannot be run: other names and numbers, without a replay, without vLLM.
    """
    if replay is None:
        raise UsageError("--vllm is of replays: add --replay annotations, or a folder of .md files")
    chosen = tuple(WAYS) if "all" in ways else tuple(ways)
    if unknown := [way for way in chosen if way not in WAYS]:
        raise UsageError(f"unknown way {unknown[0]!r} inside vLLM; known: {', '.join(WAYS)}, or all")
    numbers = [int(number) if number.isdecimal() else 0 for number in concurrency]
    if not numbers or min(numbers) < 1:
        raise UsageError("--vllm-concurrency takes numbers of requests, such as 1,4,16")
    try:
        check_vllm()
    except RuntimeError as error:
        raise UsageError(str(error)) from None
    return Comparison(
        tuple(dict.fromkeys([PLAIN, *chosen])), tuple(dict.fromkeys(numbers)), size=size or Size()
    )


def compare_in_vllm(
    subject: Subject,
    data: Path,
    entries: Sequence[Entry],
    modes: Sequence[Mode],
    config: Config,
    asked: Comparison,
    journal: Journal,
) -> None:
    """All of ``entries`` inside vLLM, in each of ``modes`` that is not done.

    Texts with their drafts, and the model that is trained to write them, are kept beside the journal.
    """
    name, wanted = batch_name(entries), json.loads(json.dumps(asdict(asked)))
    if Mode.HIERARCHICAL in modes:
        subject.note(NO_HIERARCHY)
    for mode in modes:
        run = f"{PLAIN}-{mode.value}"
        if mode is Mode.HIERARCHICAL or _done(journal.rows, name, run, wanted):
            continue
        folder = journal.path.parent / "vllm" / f"{mode.value} {name}"
        cases = _cases(folder / "drafts.json", subject, data, entries, mode, config)
        found = compare(folder / "model", cases, asked)
        journal.add({"page": name, "run": run, "concurrency": IN_VLLM, "asked": wanted, **found})


def _done(rows: Sequence[Row], name: str, run: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a line has all that is asked; a way that could not be run is asked for again."""
    return any(
        (row["page"], row["run"]) == (name, run) and row["asked"] == wanted and not row["refused"]
        for row in rows
        if row["concurrency"] == IN_VLLM
    )


def _cases(
    kept: Path, subject: Subject, data: Path, entries: Sequence[Entry], mode: Mode, config: Config
) -> list[Case]:
    """The texts of a mode with their drafts, from their file where there is one."""
    if kept.is_file():
        return kept_cases(kept)
    cases = collected(subject, data, entries, mode, config)
    kept.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(case) for case in cases]
    kept.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return cases


def collected(
    subject: Subject, data: Path, entries: Sequence[Entry], mode: Mode, config: Config
) -> list[Case]:
    """What docspec's own replay of ``entries`` asks for: each request's recorded text, and its draft.

    Raises UsageError where a page cannot be read or nothing was recorded.
    """
    assert subject.recording is not None
    parts = parts_of(subject, mode, config, False)
    collecting = Collecting(parts.verifier, [str(entry["page_info"]["image_path"]) for entry in entries])
    subject.recording.begin(entries)
    paths = [data / "images" / page for page in collecting.pages]
    outcome = Docspec(mode, config, replace(parts, verifier=collecting)).read(paths)
    for page, read in outcome.pages.items():
        if read.error is not None:
            raise UsageError(f"{page} cannot be read, so nothing is compared inside vLLM: {read.error}")
    if not collecting.cases:
        raise UsageError(f"nothing was recorded in {mode.value} mode, so nothing is compared inside vLLM")
    return collecting.cases


class Collecting(RecordedVerifier):
    """Answers at once with what was recorded, and keeps each request's text and draft.

    ``like`` is a RecordedVerifier; ``pages`` are the names of the run's documents.
    """

    def __init__(self, like: Any, pages: Sequence[str]) -> None:
        super().__init__(like.loaded, like.recording, like.config, drafts=False)
        self.pages = pages
        self.cases: list[Case] = []

    def verify(self, requests: Iterable[Request | None]) -> Generator[tuple[Hashable, Verdict]]:
        for request in requests:
            if request is not None:
                yield request.key, self._verdict(request)

    def _verdict(self, request: Request) -> Verdict:
        assert isinstance(request.key, RequestKey)
        *tokens, _ = self.recording.choices(request)
        drafts = [in_words(self.loaded, request, draft).text for draft in drafts_of(self.loaded, request)]
        best = next((text for text in drafts if text.strip()), "")
        page, text = self.pages[request.key.document], self.loaded.codec.decode(tokens)
        self.cases.append(Case(page, "", text, best))
        output = Output(tokens, Finish.END, DecodeStats(len(tokens)))
        return verdict_of(self.loaded, request, best, output, self.config.on_loop)
