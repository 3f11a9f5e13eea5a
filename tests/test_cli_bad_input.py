"""Bad input through the whole pipeline: the documented exit code, one clear line, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from docspec.cli import app

ZERO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj "
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj trailer<</Root 1 0 R>>\n%%EOF"
)


def pdf(pages: int = 2, **save: object) -> bytes:
    """A PDF with a paragraph in the middle of each page."""
    document = pymupdf.open()
    for number in range(pages):
        text = f"This is the sentence of page {number + 1}. It is followed by others. " * 5
        document.new_page().insert_textbox((72, 250, 500, 500), text, fontsize=12)
    return bytes(document.tobytes(**save))


def run(folder: Path, *args: str | Path) -> Result:
    """``docspec parse`` without a verifier, into ``folder/out``."""
    options = ["--verifier", "draft-only", "--quiet", "-o", str(folder / "out")]
    return CliRunner().invoke(app, ["parse", *map(str, args), *options])


def written(folder: Path) -> list[str]:
    """What stands in the output folder."""
    out = folder / "out"
    return sorted(path.name for path in out.iterdir()) if out.exists() else []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file or folder; expected a PDF or an image"),
        (b"", "the file is empty"),
        (b"Just some text.\n", "not a PDF, or damaged beyond repair"),
        (pdf()[:40], "not a PDF, or damaged beyond repair"),
        (ZERO_PAGES, "the PDF has no pages"),
        (pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret"), "encrypted; give its password"),
    ],
    ids=["missing", "empty", "text", "cut-short", "zero-pages", "encrypted"],
)
def test_nothing_to_read(tmp_path: Path, content: bytes | None, says: str) -> None:
    """Exit code 2, one line that names the file and the reason, no output."""
    path = tmp_path / "input.pdf"
    if content is not None:
        path.write_bytes(content)
    result = run(tmp_path, path)
    assert result.exit_code == 2
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert "input.pdf" in lines[0]
    assert says in lines[0]
    assert written(tmp_path) == []


def test_passwords(tmp_path: Path) -> None:
    """The right one opens the document, a wrong one is exit code 2."""
    path = tmp_path / "input.pdf"
    path.write_bytes(pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret"))
    wrong = run(tmp_path, path, "--password", "guess")
    assert wrong.exit_code == 2
    assert "the password does not open it" in wrong.stderr
    assert run(tmp_path, path, "--password", "secret").exit_code == 0
    assert "the sentence of page 2" in (tmp_path / "out/input.md").read_text("utf-8")


def test_a_truncated_pdf_gives_what_is_left(tmp_path: Path) -> None:
    """Repaired, with a note in the JSON."""
    data = pdf(4)
    path = tmp_path / "input.pdf"
    path.write_bytes(data[: len(data) * 9 // 10])
    result = run(tmp_path, path, "--format", "md,json")
    assert result.exit_code == 0
    assert "the sentence of page 1" in (tmp_path / "out/input.md").read_text("utf-8")
    assert "has been repaired" in (tmp_path / "out/input.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("size", "mode"), [((1, 1), "RGB"), pytest.param((20_000, 20_000), "1", marks=pytest.mark.slow)]
)
def test_images_of_extreme_sizes(tmp_path: Path, size: tuple[int, int], mode: str) -> None:
    """One pixel and 400 million are pages without text, not crashes."""
    path = tmp_path / "input.png"
    Image.new(mode, size, 1 if mode == "1" else (255, 255, 255)).save(path)
    result = run(tmp_path, path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert written(tmp_path) == ["input.md"]


def test_a_bad_document_does_not_stop_a_good_one(tmp_path: Path) -> None:
    """Exit code 1; the good one is written, the bad one is not."""
    (tmp_path / "good.pdf").write_bytes(pdf())
    (tmp_path / "bad.pdf").write_bytes(b"nothing")
    result = run(tmp_path, tmp_path)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert written(tmp_path) == ["good.md"]


def test_a_blank_page_is_an_empty_document(tmp_path: Path) -> None:
    """No regions are no failure."""
    document = pymupdf.open()
    document.new_page()
    (tmp_path / "blank.pdf").write_bytes(document.tobytes())
    assert run(tmp_path, tmp_path / "blank.pdf").exit_code == 0
    assert (tmp_path / "out/blank.md").read_text("utf-8") == ""
