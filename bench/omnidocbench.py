"""OmniDocBench (arXiv 2412.07626): speed and quality, in one process.

At concurrency 1 page by page, runs interleaved; saturated, all pages at once in each way (see
docspec.bench.saturated); inside vLLM, its own ways and docspec's (docspec.bench.vllm_pages). Takes the
benchmark as it is downloaded (``OmniDocBench.json`` and ``images/``). Decoding is exact, without the guard
against runaway output. In the folder of results: ``runs.jsonl``, a line for each page and run, for each
saturated run, and for each mode inside vLLM, from which an interrupted run goes on; ``predictions/RUN/``, a
markdown file for each page read alone, as the official toolkit scores them; ``vllm/``, what was drafted there
and the models; ``summary.json``.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image
from rich.console import Console
from rich.progress import track

from docspec.bench.annotations import read_entries
from docspec.bench.memory import PeakMemory
from docspec.bench.quality import page_quality
from docspec.bench.record import Journal, Row, measured, page_read, page_row, setup
from docspec.bench.replayed import ANNOTATIONS
from docspec.bench.result_tables import tables
from docspec.bench.saturated import batch_name, read_together
from docspec.bench.subject import BASELINES, Subject, check_baselines, chosen_modes, load_subject, make_ways
from docspec.bench.summary import SATURATED, summarise
from docspec.bench.warm_up import warm_up
from docspec.bench.ways import Way, label
from docspec.config import Config
from docspec.errors import UsageError

if TYPE_CHECKING:
    from docspec.bench.small_model import Size
    from docspec.bench.vllm_ways import Comparison

CONCURRENCIES = ("1", SATURATED)
WIDTH = 190  # characters that the widest table needs
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What to run. No ``modes``: all that can be measured; ``limit`` None: every page.

    ``vllm`` are ways inside vLLM, by a model of ``vllm_size`` (None: the usual one), with as many requests at
    once as ``vllm_concurrency`` says.
    """

    data: Path
    output: Path
    config: Config
    limit: int | None = None
    filters: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    baselines: tuple[str, ...] = BASELINES
    concurrency: tuple[str, ...] = ("1",)
    replay: str | None = None
    shape: str | None = None
    vllm: tuple[str, ...] = ()
    vllm_concurrency: tuple[str, ...] = ("1", "4", "16")
    vllm_size: Size | None = None


def run(options: Options, console: Console | None = None) -> dict[str, Any]:
    """Run what is not done yet, print the tables, and return the summary, whose JSON is the last line.

    Raises UsageError for options that cannot be used and ModelError where the verifier cannot be loaded.
    """
    check_baselines(options.baselines)
    if not options.concurrency or set(options.concurrency) - set(CONCURRENCIES):
        raise UsageError(f"--concurrency takes some of {','.join(CONCURRENCIES)}")
    inside = _inside(options)
    config = replace(options.config, accept="exact", on_loop="off")
    entries = _sized(options.data, chosen(read_entries(options.data), options.filters, options.limit))
    subject = load_subject(config, options.replay, options.shape)
    ways = make_ways(subject, options.modes, options.baselines, config)
    journal = Journal(options.output / "runs.jsonl", _setup(options, config, subject))
    if "1" in options.concurrency:
        _measure(options, subject, entries, ways, journal)
    if SATURATED in options.concurrency:
        # new ones: what verifiers have learnt from these pages would help
        ways = make_ways(subject, options.modes, options.baselines, config, saturated=True)
        read_together(subject, options.data / "images", entries, ways, journal)
    if inside is not None:
        from docspec.bench import vllm_pages

        modes = chosen_modes(subject, options.modes)
        vllm_pages.compare_in_vllm(subject, options.data, entries, modes, config, inside, journal)
    names = {batch_name(entries), *(entry["page_info"]["image_path"] for entry in entries)}
    rows = [row for row in journal.rows if row["page"] in names]
    summary = {**summarise(rows), "setup": journal.setup, "notes": subject.notes}
    text = json.dumps(summary, ensure_ascii=False)
    (options.output / "summary.json").write_text(text + "\n", encoding="utf-8")
    console = console or Console(width=max(WIDTH, Console().width))
    for table in tables(summary):
        console.print(table)
    for note in subject.notes:
        console.print(note, highlight=False)
    print(text)
    return summary


def _inside(options: Options) -> Comparison | None:
    """What is to be run inside vLLM."""
    if not options.vllm:
        return None
    from docspec.bench.vllm_pages import comparison  # which loads what else is not needed

    return comparison(options.vllm, options.vllm_concurrency, options.replay, options.vllm_size)


def chosen(entries: Sequence[Entry], filters: Sequence[str], limit: int | None) -> list[Entry]:
    """The pages whose attributes have every ``name=value`` of ``filters``, ``limit`` of them at the most.

    Raises UsageError for a filter that is none and where no page is left.
    """
    kept = list(entries)
    for one in filters:
        name, equals, value = one.partition("=")
        if not equals:
            raise UsageError(f"--filter takes attribute=value, such as language=english, not {one!r}")
        kept = [entry for entry in kept if _has(entry, name.strip(), value.strip())]
    kept = kept[:limit]
    if not kept:
        raise UsageError(f"no page has {' and '.join(filters) or 'been asked for'}")
    return kept


def _has(entry: Entry, name: str, value: str) -> bool:
    found = entry["page_info"].get("page_attribute", {}).get(name)
    return value in found if isinstance(found, list) else found == value


def _sized(data: Path, entries: Sequence[Entry]) -> list[Entry]:
    """The entries with the sizes that their images have: some are listed the wrong way round.

    Raises UsageError where images are missing; one that cannot be read fails when its turn comes.
    """
    missing = [entry["page_info"]["image_path"] for entry in entries if not _image(data, entry).is_file()]
    if missing:
        raise UsageError(
            f"{len(missing)} of {len(entries)} images are not in {data / 'images'}: {missing[0]}"
        )
    sized = []
    for entry in entries:
        size = {}
        with contextlib.suppress(OSError), PIL.Image.open(_image(data, entry)) as image:
            size = dict(zip(("width", "height"), image.size, strict=True))
        sized.append({**entry, "page_info": {**entry["page_info"], **size}})
    return sized


def _image(data: Path, entry: Entry) -> Path:
    return data / "images" / str(entry["page_info"]["image_path"])


def _setup(options: Options, config: Config, subject: Subject) -> dict[str, Any]:
    model = getattr(subject.loaded, "model", None)
    own = "float32" if subject.computed else "no dtype"  # the mini's
    settings = {
        "benchmark": "omnidocbench",
        "data": options.data.resolve().name,
        "verifier": subject.name,
        "replayed": _replayed(options),
        "computed": subject.computed,
        "accept": config.accept,
        "drafter": config.drafter,
        "max_batch": config.max_batch,
        "dtype": str(model.dtype).removeprefix("torch.") if model is not None else own,
    }
    if not config.graphs:
        settings["graphs"] = False
    return setup(settings, str(subject.device))


def _replayed(options: Options) -> str | None:
    if options.replay is None:
        return None
    return ANNOTATIONS if options.replay == ANNOTATIONS else f"files in {Path(options.replay).name}"


def _measure(
    options: Options, subject: Subject, entries: Sequence[Entry], ways: Sequence[Way], journal: Journal
) -> None:
    """Every page in every way that is not done; which one comes first goes round from page to page."""
    labels = {label(way): way for way in ways}
    to_do = [
        (entry, name)
        for number, entry in enumerate(entries)
        for name in _turned(list(labels), number)
        if (entry["page_info"]["image_path"], name) not in journal.done
    ]
    if to_do:
        warm_up(subject, [labels[name] for name in dict.fromkeys(name for _, name in to_do)])
    for entry, name in track(to_do, description="measuring", console=Console(stderr=True)):
        row, markdown = _one(options, subject, entry, labels[name])
        _write_prediction(options.output / "predictions" / name, entry, markdown)
        journal.add(row)


def _turned(names: list[str], by: int) -> list[str]:
    by %= max(1, len(names))
    return names[by:] + names[:by]


def _one(options: Options, subject: Subject, entry: Entry, way: Way) -> tuple[Row, str]:
    """One page in one way: its line and its markdown, which is empty where it could not be read."""
    row, memory = page_row(entry, label(way)), PeakMemory(subject.device)
    started = time.perf_counter()
    try:
        if subject.recording is not None:
            subject.recording.begin([entry])
        outcome = way.read([_image(options.data, entry)])
        [page] = outcome.pages.values()
        error = page.error
    except Exception as unforeseen:  # noqa: BLE001 a page that fails is counted as failed, not left out
        error = f"{type(unforeseen).__name__}: {unforeseen}"
    if error is not None:
        return {**row, "error": error, "total_s": round(time.perf_counter() - started, 6)}, ""
    quality = page_quality(page.markdown, entry)
    return {**row, **measured(outcome, memory), **page_read(page), "quality": quality}, page.markdown


def _write_prediction(folder: Path, entry: Entry, markdown: str) -> None:
    """As the official toolkit looks for it; a page without a file would not count there."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{Path(entry['page_info']['image_path']).stem}.md"
    (folder / name).write_text(markdown, encoding="utf-8")
