"""The example documents say what they should and can be made again."""

import subprocess
import sys
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PHRASES = [
    "On the Cooling of Tea in Four Kinds of Cup",
    "4 Discussion",
    "1. Stir once and wait until the surface is still.",
    "Table 1: The cups and their fitted constants.",
    "Figure 1: Temperature in degrees Celsius",
    "This paper is an example document",
    "Journal of Everyday Measurement",
]


def text_of(path: Path) -> str:
    """The text layer with ligatures taken apart and line ends as spaces."""
    with pymupdf.open(path) as document:
        text = " ".join(page.get_text(flags=0) for page in document)
    return " ".join(text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬃ", "ffi").split())


def test_the_paper_has_everything_a_paper_has() -> None:
    """Title, headings, list, captions, footnote and header are in its text layer."""
    text = text_of(EXAMPLES / "paper.pdf")
    assert [phrase for phrase in PHRASES if phrase not in text] == []


def test_the_scan_and_the_photo_are_pictures() -> None:
    """Neither has a text layer; together the examples stay small."""
    assert text_of(EXAMPLES / "scan.pdf") == ""
    with Image.open(EXAMPLES / "photo.jpg") as photo:
        assert photo.size == (1400, 1900)
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir() if path.is_file()) < 600_000


@pytest.mark.slow
def test_the_examples_can_be_made_again(tmp_path: Path) -> None:
    """The script writes the committed paper's text; pictures may differ by a library's version."""
    subprocess.run([sys.executable, str(EXAMPLES / "make_examples.py"), str(tmp_path)], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["paper.pdf", "photo.jpg", "scan.pdf"]
    assert text_of(tmp_path / "paper.pdf") == text_of(EXAMPLES / "paper.pdf")
