"""A document as JSON: everything that is known of it, in a versioned shape.

``SCHEMA`` changes its first number when a reader of the old shape would break, the second when something
is added. Boxes are page points (x0, y0, x1, y1), origin top left, as displayed; timings are seconds.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TypedDict

from docspec.types import DecodeStats, Document, Draft, Dropped, PageResult, RegionResult, Verdict

SCHEMA = "docspec/1.5"

PACKAGES = (
    "docspec-vlm",
    "pymupdf",
    "pymupdf-layout",
    "rapidocr-onnxruntime",
    "onnxruntime",
    "onnxruntime-gpu",
    "torch",
    "transformers",
)


class CorrectionJson(TypedDict):
    """``text[start:end]`` of the region stands where the draft had ``draft``."""

    start: int
    end: int
    draft: str


class DraftJson(TypedDict):
    """What was proposed, by which source, how sure it was (0..1)."""

    text: str
    source: str
    confidence: float


class PassJson(TypedDict):
    """Counts of decoding."""

    tokens: int
    accepted: int
    drafted: int
    steps: int
    mean_accepted_length: float


class VerificationJson(PassJson):
    """How the verifier came to the text. ``finish``: end, length, degenerate or unverified."""

    finish: str
    reason: str  # why it is unverified ("trusted text layer, sampled"), or ""
    corrections: list[CorrectionJson]


class RegionJson(TypedDict):
    """A region; ``parent`` is the order of the region that it belongs to, ``level`` a heading's level in the
    document. ``continues`` is whether it is a table that goes on from the page before (since 1.4)."""

    order: int
    category: str
    bbox: list[float]
    confidence: float
    level: int | None
    parent: int | None
    continues: bool
    text: str
    draft: DraftJson | None
    verification: VerificationJson
    agreement: float | None  # 0..1: similarity of draft and verified text; null where not verified


class PagePassJson(TypedDict):
    """What the verifier wrote of the whole page; the page's regions are read from ``output``."""

    output: str
    verification: VerificationJson
    agreement: float | None  # 0..1: similarity of the page's draft and its output
    region_pass: PassJson  # what was decoded for single regions before


class SampleJson(TypedDict):
    """What was read again of a text layer before it was trusted unverified (since 1.5): so many ``lines``,
    and the share of their characters (0..1) that was. Below 0.85 the text was left to the verifier."""

    lines: int
    agreement: float


class DroppedJson(TypedDict):
    """Something found on the page that the markdown leaves out."""

    bbox: list[float]
    category: str | None
    reason: str
    text: str


class PageJson(TypedDict):
    """A page; ``page`` counts from 1 in the file, ``error`` is null when it went well.

    ``mode`` is region, page or hierarchical; ``page_pass`` is null in region mode. ``turn`` is by how many
    degrees the page was turned clockwise to be read (since 1.3). ``sample`` is null where no text layer was
    sampled (since 1.5).
    """

    page: int
    width: float
    height: float
    turn: int
    mode: str
    error: str | None
    page_pass: PagePassJson | None
    sample: SampleJson | None
    timings: dict[str, float]
    regions: list[RegionJson]
    dropped: list[DroppedJson]


class DocumentJson(TypedDict):
    """The whole result.

    ``source`` is the document's path as it was given, null where it came as bytes; ``device`` is what the
    verifier ran on and its type of number, such as ``cpu (float32)``, empty where no model ran. Both are
    there since 1.2.
    """

    schema: str
    name: str
    source: str | None
    verifier: str
    device: str
    mode: str
    versions: dict[str, str]
    timings: dict[str, float]
    notes: list[str]
    errors: list[str]
    pages: list[PageJson]


def to_json(document: Document) -> DocumentJson:
    """``document`` as plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
    return {
        "schema": SCHEMA,
        "name": document.name,
        "source": document.source,
        "verifier": document.verifier,
        "device": document.device,
        "mode": document.mode,
        "versions": versions(),
        "timings": dict(document.timings),
        "notes": list(document.notes),
        "errors": list(document.errors),
        "pages": [_page(page) for page in document.pages],
    }


def versions() -> dict[str, str]:
    """Installed versions of docspec and of the packages that decide its results."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _page(page: PageResult) -> PageJson:
    sample = page.sample
    return {
        "page": page.index + 1,
        "width": page.width,
        "height": page.height,
        "turn": page.turn,
        "mode": page.mode.value,
        "error": page.error,
        "page_pass": _page_pass(page, page.verdict) if page.verdict else None,
        "sample": {"lines": sample.lines, "agreement": sample.agreement} if sample else None,
        "timings": dict(page.timings),
        "regions": [_region(result) for result in page.regions],
        "dropped": [_dropped(dropped) for dropped in page.dropped],
    }


def _region(result: RegionResult) -> RegionJson:
    region, draft, verdict = result.region, result.draft, result.verdict
    return {
        "order": region.order,
        "category": region.category.value,
        "bbox": list(region.box),
        "confidence": region.confidence,
        "level": region.level,
        "parent": region.parent,
        "continues": region.continues,
        "text": result.text,
        "draft": _draft(draft) if draft else None,
        "verification": _verification(verdict),
        "agreement": verdict.agreement,
    }


def _page_pass(page: PageResult, verdict: Verdict) -> PagePassJson:
    return {
        "output": verdict.text,
        "verification": _verification(verdict),
        "agreement": verdict.agreement,
        "region_pass": counts(page.region_pass),
    }


def _verification(verdict: Verdict) -> VerificationJson:
    return {
        "finish": verdict.finish.value,
        "reason": verdict.reason,
        **counts(verdict.stats),
        "corrections": [{"start": c.start, "end": c.end, "draft": c.draft} for c in verdict.corrections],
    }


def counts(stats: DecodeStats) -> PassJson:
    """Statistics as plain data."""
    return {
        "tokens": stats.tokens,
        "accepted": stats.accepted,
        "drafted": stats.drafted,
        "steps": stats.steps,
        "mean_accepted_length": stats.mean_accepted_length,
    }


def _draft(draft: Draft) -> DraftJson:
    return {"text": draft.text, "source": draft.source, "confidence": draft.confidence}


def _dropped(dropped: Dropped) -> DroppedJson:
    return {
        "bbox": list(dropped.box),
        "category": dropped.category.value if dropped.category else None,
        "reason": dropped.reason,
        "text": dropped.text,
    }
