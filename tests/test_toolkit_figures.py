"""Figures of the nine shared pages and their recorded readings as OmniDocBench's own toolkit gives them.

The toolkit's release 1.5 (its matching, normalisation and table code, with ``quick_match``) was run on each
recorded reading and on two readings made of it here, whose paragraphs are broken elsewhere: that is what its
matching mends. Its figures are given to the seventh place.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apted")
pytest.importorskip("scipy")
pytest.importorskip("pylatexenc")

from docspec.bench.quality import page_quality

DATA = Path(__file__).parents[1] / "../shared/data/omnidocbench_demo"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared pages are not here")

PHYSICS, EXERCISES = "101.pdf_3", "en_3361"
RECORDED = {  # by the end of the page's name: text, formula, order, TEDS, TEDS-S
    "SE05.pdf_7": (0.0, None, 0.0, None, None),
    PHYSICS: (0.2339782, 0.3060278, 0.0, None, None),
    "2235.pdf_170": (0.0305556, None, 0.0, 0.7477954, 0.7592593),
    "9294.pdf_128": (0.2420749, None, 0.0, None, None),
    "Chapter9.pdf_46": (0.0489510, None, 0.1666667, 0.8823529, 0.8823529),
    EXERCISES: (0.8821721, None, 0.5357143, None, None),
    "eb67f_49": (0.3377111, None, 0.0769231, 0.8729592, 1.0),
    "a75755_4": (0.1241037, None, 0.0, None, None),
    "f79b.pdf_2": (0.5900682, None, 0.5384615, 0.8686190, 0.9285714),
}
REBROKEN = {  # text and order: paragraphs halved, then joined
    "SE05.pdf_7": ((0.0, 0.0), (0.0, 0.0)),
    PHYSICS: ((0.1294201, 0.0), (0.2339782, 0.0)),
    "2235.pdf_170": ((0.0638889, 0.0), (0.0645161, 0.0)),
    "9294.pdf_128": ((0.2420749, 0.0), (0.3078947, 0.0)),
    "Chapter9.pdf_46": ((0.0574018, 0.0), (0.0489510, 0.1666667)),
    EXERCISES: ((0.8745911, 0.5357143), (0.9390018, 0.6428571)),
    "eb67f_49": ((0.2813765, 0.0), (0.3985766, 0.1538462)),
    "a75755_4": ((0.1930440, 0.0909091), (0.1504685, 0.0909091)),
    "f79b.pdf_2": ((0.5900682, 0.5384615), (0.6045412, 0.3846154)),
}
CLEANED = {  # where this differs on purpose (see docspec.bench.blocks), the toolkit's figures once mended
    PHYSICS: (0.0135891, 0.3064385, 0.0),
    EXERCISES: (0.8818088, None, 0.6785714),
}


def pages() -> dict[str, tuple[dict[str, Any], str]]:
    """Annotation and recorded reading by the end of the page's name."""
    [listing] = DATA.glob("*.json")
    found = {}
    for entry in json.loads(listing.read_text(encoding="utf-8")):
        stem = Path(entry["page_info"]["image_path"]).stem
        name = next(end for end in RECORDED if stem.endswith(end))
        found[name] = entry, (DATA / "vlm_outputs" / f"{stem}.md").read_text(encoding="utf-8")
    return found


def halved(markdown: str) -> str:
    """Longer paragraphs in two."""
    pieces: list[str] = []
    for piece in markdown.split("\n\n"):
        words = piece.split(" ")
        prose = len(piece) > 80 and len(words) > 1 and "<" not in piece and "\\[" not in piece
        middle = len(words) // 2 if prose else 0
        pieces += [" ".join(words[:middle]), " ".join(words[middle:])] if prose else [piece]
    return "\n\n".join(pieces)


def joined(markdown: str) -> str:
    """Neighbouring short paragraphs in one."""
    pieces: list[str] = []
    for piece in markdown.split("\n\n"):
        both = pieces[-1] + piece if pieces else "|"
        if len(both) < 400 and not any(mark in both for mark in ("<", "|", "\\[")):
            pieces[-1] += " " + piece
        else:
            pieces.append(piece)
    return "\n\n".join(pieces)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_reading_has_the_toolkits_figures(name: str) -> None:
    """To 1e-6, all but where the differences are said."""
    entry, markdown = pages()[name]
    figures = RECORDED[name] if name not in CLEANED else (*CLEANED[name], None, None)
    expected = dict(zip(("text", "formula", "order", "teds", "teds_structure"), figures, strict=True))
    quality = page_quality(markdown, entry)
    assert {key: quality[key] for key in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in REBROKEN if name not in CLEANED])
def test_paragraphs_that_are_broken_elsewhere_are_mended_alike(name: str) -> None:
    """Text and reading order of halved and of joined paragraphs."""
    entry, markdown = pages()[name]
    for change, expected in zip((halved, joined), REBROKEN[name], strict=True):
        quality = page_quality(change(markdown), entry)
        assert (quality["text"], quality["order"]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", CLEANED)
def test_the_differences_are_what_they_are_said_to_be(name: str) -> None:
    """Without blocks that have no letters, and with an empty line above its table, the toolkit agrees."""
    entry, markdown = pages()[name]
    cleaned = re.sub(r"\\\[\n\\tag\{\d+\}\n\\\]", "", markdown).replace("1. \n    |", "1. \n\n    |")
    assert cleaned != markdown
    quality = page_quality(cleaned, entry)
    assert (quality["text"], quality["formula"], quality["order"]) == pytest.approx(CLEANED[name], abs=1e-6)
