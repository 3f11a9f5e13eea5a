"""The same document gives the same text, however busy the machine is; a sound text layer stays as it is."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymupdf
import pytest

import docspec

EXAMPLES = Path(__file__).parent.parent / "examples"
WORDS = ("the", "of", "verifier", "Please wait...", "invoice", "total", "due", "by", "region", "and", "then")


def sound_document(path: Path, seed: int) -> list[str]:
    """A page of text that a reader of images may get wrong; gives what must be found again, line by line."""
    chance = random.Random(seed)
    code = "".join(chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=14))
    iban = "DE" + "".join(chance.choices("0123456789", k=4)) + " 3333" * 4 + " 33"
    rows = [[chance.randrange(10**7) / 100 for _ in range(4)] for _ in range(3)]
    figures = ["  ".join(f"{figure:,.2f}" for figure in row) for row in rows]
    prose = [" ".join(chance.choices(WORDS, k=9)) for _ in range(4)]
    link = f"https://example.org/{code.lower()}"
    lines = [f"INVOICE No. {code}", iban, "PLEASE WAIT...", *figures, *prose, link]
    document = pymupdf.open()
    page = document.new_page(width=420, height=420)
    for number, line in enumerate(lines):
        page.insert_text((30, 50 + 26 * number), line, fontsize=18 if number == 0 else 10)
    sideways = "Set sideways: The number 33333 is not 3333. "
    page.insert_textbox((370, 40, 400, 400), sideways, fontsize=9, rotate=90)
    document.save(path)
    return lines


@contextmanager
def busy_machine(processes: int = 2) -> Iterator[None]:
    """Other processes take the processors meanwhile."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def check_sound(folder: Path, documents: int, runs: int) -> None:
    """With default settings every run gives the layer's own text, byte for byte."""
    paths = [folder / f"{number}.pdf" for number in range(documents)]
    lines = {path: sound_document(path, number) for number, path in enumerate(paths)}
    layer = {path: docspec.parse(path, verifier="draft-only").markdown for path in paths}
    for path, text in layer.items():
        flat = " ".join(text.split())
        assert all(word in flat for line in lines[path] for word in line.split() if word.isalnum())
    with docspec.Parser() as parser, busy_machine():
        for _ in range(runs):
            for result in parser.parse_batch(paths):
                assert result.document
                assert result.document.markdown == layer[result.path]


def test_sound_text_is_not_rewritten(tmp_path: Path) -> None:
    """Codes, an IBAN, capitals, figures and text set sideways: twice, on a busy machine."""
    check_sound(tmp_path, documents=2, runs=2)


@pytest.mark.slow
def test_sound_text_is_not_rewritten_in_ten_runs(tmp_path: Path) -> None:
    """Twenty documents, ten times."""
    check_sound(tmp_path, documents=20, runs=10)


@pytest.mark.slow
def test_a_scan_reads_the_same_on_a_busy_machine() -> None:
    """Windows end elsewhere, rows share other passes, and the text is the same."""
    texts = []
    for rows in (16, 2):
        with docspec.Parser(max_batch=rows) as parser:
            texts.append(parser.parse(EXAMPLES / "scan.pdf").markdown)
            with busy_machine():
                texts.append(parser.parse(EXAMPLES / "scan.pdf").markdown)
    assert texts == [texts[0]] * 4
