"""What a report shows of each region: its text in parts, its figures in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docspec.result_json import CorrectionJson, DroppedJson, PageJson, RegionJson, VerificationJson
from docspec.types import Category, Finish

Part = tuple[str] | tuple[str, str]  # text, and what the draft had in its place where that was corrected
Fact = tuple[str, str]

STATES = {
    Finish.END.value: "Read by the verifier to its end",
    Finish.LENGTH.value: "Cut off at the bound on tokens",
    Finish.LOOP.value: "Runaway repetition, cut off",
    Finish.UNVERIFIED.value: "Not verified",
}
CATEGORIES = frozenset(category.value for category in Category)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be selected: a region, something left out that is no region, or a page as a whole.

    ``page`` is the page's place in the result, from 0; ``box`` is in page points; ``left_out`` says why the
    markdown lacks it, or is empty.
    """

    key: str
    page: int
    kind: str  # region, dropped or page
    mark: str
    title: str
    category: str
    state: str
    text_title: str
    parts: tuple[Part, ...]
    facts: tuple[Fact, ...]
    box: Sequence[float] | None = None
    draft: str | None = None
    agreement: float | None = None
    corrections: int = 0
    verified: bool = False
    left_out: str = ""

    @property
    def text(self) -> str:
        """The text as it came out, corrections taken."""
        return "".join(part[0] for part in self.parts)

    @property
    def color(self) -> str:
        """The class of its colour."""
        return self.category if self.category in CATEGORIES else "other"


def page_items(place: int, page: PageJson) -> Iterator[Item]:
    """The items of the ``place``-th page of a result: its pass, regions in order, what else was dropped."""
    if page["page_pass"]:
        yield _page_pass(place, page)
    dropped = list(page["dropped"])
    for number, region in enumerate(sorted(page["regions"], key=lambda one: one["order"])):
        entry = next((one for one in dropped if _is_of(one, region)), None)
        if entry is not None:
            dropped.remove(entry)
        yield _region(place, number, page, region, entry["reason"] if entry else "")
    for number, one in enumerate(dropped):
        yield _dropped(place, number, page, one)


def corrected_parts(text: str, corrections: Sequence[CorrectionJson]) -> tuple[Part, ...]:
    """``text`` cut at its corrections; offsets beyond it, or into each other, are brought into it."""
    parts: list[Part] = []
    at = 0
    for one in sorted(corrections, key=lambda one: (one["start"], one["end"])):
        start = min(max(one["start"], at), len(text))
        end = min(max(one["end"], start), len(text))
        if start > at:
            parts.append((text[at:start],))
        parts.append((text[start:end], one["draft"]))
        at = end
    if at < len(text):
        parts.append((text[at:],))
    return tuple(parts)


def _is_of(dropped: DroppedJson, region: RegionJson) -> bool:
    return dropped["bbox"] == region["bbox"] and dropped["category"] in (region["category"], None)


def _region(place: int, number: int, page: PageJson, region: RegionJson, left_out: str) -> Item:
    verification, draft = region["verification"], region["draft"]
    verified = verification["finish"] != Finish.UNVERIFIED.value
    facts: list[Fact] = [
        ("Draft’s source", draft["source"] if draft else "no draft"),
        ("Draft’s confidence", share(draft["confidence"] if draft else None)),
        ("Agreement", share(region["agreement"])),
        *_counts(verification),
        ("Layout confidence", share(region["confidence"])),
        ("Box (points)", _box(region["bbox"])),
    ]
    if region["level"] is not None:
        facts.append(("Heading level", str(region["level"])))
    if region["parent"] is not None:
        facts.append(("Belongs to region", str(region["parent"] + 1)))
    return Item(
        key=f"r{place}-{number}",
        page=place,
        kind="region",
        mark=str(region["order"] + 1),
        title=f"Region {region['order'] + 1}, page {page['page']}: {region['category']}",
        category=region["category"],
        state=_state(verification),
        text_title="Verified text" if verified else "Text, not verified",
        parts=corrected_parts(region["text"], verification["corrections"]),
        facts=tuple(facts),
        box=region["bbox"],
        draft=draft["text"] if draft else None,
        agreement=region["agreement"],
        corrections=len(verification["corrections"]),
        verified=verified,
        left_out=left_out,
    )


def _page_pass(place: int, page: PageJson) -> Item:
    page_pass = page["page_pass"]
    assert page_pass is not None
    verification, before = page_pass["verification"], page_pass["region_pass"]
    facts = [("Mode", page["mode"]), ("Agreement", share(page_pass["agreement"])), *_counts(verification)]
    if before["steps"]:
        facts += [
            ("Regions before: tokens", str(before["tokens"])),
            ("Regions before: steps", str(before["steps"])),
            ("Regions before: mean accepted length", f"{before['mean_accepted_length']:.2f}"),
        ]
    return Item(
        key=f"p{place}",
        page=place,
        kind="page",
        mark="page",
        title=f"Page {page['page']} as a whole",
        category="whole page",
        state=_state(verification),
        text_title="The verifier’s output",
        parts=corrected_parts(page_pass["output"], verification["corrections"]),
        facts=tuple(facts),
        agreement=page_pass["agreement"],
        corrections=len(verification["corrections"]),
        verified=verification["finish"] != Finish.UNVERIFIED.value,
    )


def _dropped(place: int, number: int, page: PageJson, dropped: DroppedJson) -> Item:
    category = dropped["category"] or "no category"
    return Item(
        key=f"d{place}-{number}",
        page=place,
        kind="dropped",
        mark="×",
        title=f"Left out on page {page['page']}: {category}",
        category=category,
        state="Found on the page, and no region of its own",
        text_title="Text",
        parts=corrected_parts(dropped["text"], ()),
        facts=(("Box (points)", _box(dropped["bbox"])),),
        box=dropped["bbox"],
        left_out=dropped["reason"] or "no reason given",
    )


def _state(verification: VerificationJson) -> str:
    state = STATES.get(verification["finish"], verification["finish"])
    return f"{state}: {verification['reason']}" if verification["reason"] else state


def _counts(verification: VerificationJson) -> list[Fact]:
    steps = verification["steps"]
    return [
        ("Tokens", str(verification["tokens"])),
        ("Accepted of drafted", f"{verification['accepted']} of {verification['drafted']}"),
        ("Steps", str(steps)),
        ("Mean accepted length", f"{verification['mean_accepted_length']:.2f}" if steps else "–"),
        ("Corrections", str(len(verification["corrections"]))),
    ]


def share(value: float | None) -> str:
    """A share of 1 in words; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def _box(box: Sequence[float]) -> str:
    return ", ".join(f"{side:.0f}" for side in box)
