"""PDFs and images become pages in displayed coordinates; whatever cannot be read says so."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from docspec import images
from docspec.errors import (
    CorruptInput,
    InputNotFound,
    PasswordRequired,
    UnsupportedInput,
    UsageError,
    WrongPassword,
)
from docspec.inputs import collect_inputs, parse_ranges, select_pages
from docspec.source import PageFailure, open_document
from docspec.types import Page

ZERO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj "
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj trailer<</Root 1 0 R>>\n%%EOF"
)


def pdf(pages: int = 1, text: str = "Hello world", **save: object) -> bytes:
    """A PDF with ``text`` on each page."""
    document = pymupdf.open()
    for number in range(pages):
        document.new_page().insert_text((172, 272), f"{text} {number + 1}")
    return bytes(document.tobytes(**save))


def only_page(data: bytes | Path, dpi: float = 72, name: str = "x.pdf") -> Page:
    """The first page, which must be readable."""
    with open_document(data, name=name) as source:
        page = next(source.pages(dpi))
    assert isinstance(page, Page)
    return page


def encoded(image: PILImage.Image, kind: str, **options: object) -> bytes:
    """``image`` as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_text_boxes_lie_on_their_ink(rotation: int) -> None:
    """Rotation and crop box are applied to the text layer as to the image, and the text is turned upright."""
    document = pymupdf.open(stream=pdf())
    document[0].set_cropbox(pymupdf.Rect(100, 100, 500, 700))
    document[0].set_rotation(rotation)
    page = only_page(document.tobytes(), dpi=144)
    assert (page.turn + rotation) % 360 == 0
    assert (page.width, page.height) == (400, 600)
    assert page.image.shape == (int(page.height * 2), int(page.width * 2), 3)
    (line,) = page.lines
    assert line.text == "Hello world 1"
    assert line.source == "text-layer"
    inside = (page.crop(line.box) < 128).any(axis=2).sum()
    assert inside == (page.image < 128).any(axis=2).sum() > 50


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_rotation_that_makes_text_upright_keeps_its_page(rotation: int) -> None:
    """Where text lies on its side until /Rotate turns it, all is in the displayed page's frame."""
    document = pymupdf.open()
    page = document.new_page(width=300, height=200)
    page.insert_text((150, 100), "Lying words", rotate=rotation)
    page.insert_link({"kind": pymupdf.LINK_URI, "from": page.rect, "uri": "https://example.org/"})
    page.set_cropbox(pymupdf.Rect(20, 10, 280, 190))
    page.set_rotation(rotation)
    read = only_page(document.tobytes(), dpi=144)
    assert read.turn == 0
    assert (read.width, read.height) == ((260, 180) if rotation == 180 else (180, 260))
    (line,) = read.lines
    assert line.turn == 0
    assert line.spans[0].link == "https://example.org/"
    assert line.box[2] - line.box[0] > line.box[3] - line.box[1]
    assert (read.crop(line.box) < 128).any(axis=2).sum() == (read.image < 128).any(axis=2).sum() > 50


def test_text_outside_the_crop_box_is_not_read() -> None:
    """What is not displayed is not part of the page."""
    document = pymupdf.open(stream=pdf())
    document[0].set_cropbox(pymupdf.Rect(100, 400, 500, 700))
    assert only_page(document.tobytes()).lines == ()


def test_spans_carry_their_type() -> None:
    """Bold, italic and mono come through, with sizes in points."""
    document = pymupdf.open()
    page = document.new_page()
    for y, font in ((100, "hebo"), (200, "heit"), (300, "cour")):
        page.insert_text((72, y), "abc", fontname=font, fontsize=20)
    spans = [line.spans[0] for line in only_page(document.tobytes()).lines]
    assert [(s.bold, s.italic, s.mono) for s in spans] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert all(span.size == 20 for span in spans)


def test_pages_are_selected_and_counted() -> None:
    """A range picks pages in the file's order; what is past the end is noted."""
    with open_document(pdf(5), name="x.pdf", pages="4-9,2") as source:
        assert source.page_count == 3
        assert [page.index for page in source.pages(36)] == [1, 3, 4]
        assert source.notes == ("pages 4-9,2: the document has only 5",)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [("1-3,7,10-", [0, 1, 2, 6, 9, 10, 11]), ("-2", [0, 1]), (" 2 - 3 , 3", [1, 2]), ("12", [11])],
)
def test_page_ranges(spec: str, expected: list[int]) -> None:
    """Numbers and ranges, open at either end, in any order."""
    assert select_pages(spec, 12)[0] == expected


@pytest.mark.parametrize("spec", ["", "a", "3-1", "0", "1,,2", "-", "1-2-3", "0-2", "1.5", "99999999999"])
def test_bad_page_ranges_are_usage_errors(spec: str) -> None:
    """They are found before anything is opened."""
    with pytest.raises(UsageError, match="page range"):
        parse_ranges(spec)


def test_an_empty_selection_is_a_usage_error() -> None:
    """Nothing to do is a mistake of the caller, with the page count in the message."""
    with pytest.raises(UsageError, match="has 2 pages"):
        open_document(pdf(2), name="x.pdf", pages="3-")


@given(st.sets(st.integers(1, 30), min_size=1), st.integers(1, 30))
def test_ranges_written_from_a_set_select_that_set(chosen: set[int], count: int) -> None:
    """Selecting is set membership, cut at the last page."""
    spec = ",".join(map(str, chosen))
    expected = sorted(n - 1 for n in chosen if n <= count)
    if expected:
        assert select_pages(spec, count)[0] == expected
    else:
        with pytest.raises(UsageError):
            select_pages(spec, count)


def test_passwords() -> None:
    """Without one and with a wrong one the errors differ; the right one opens."""
    data = pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")
    with pytest.raises(PasswordRequired, match="encrypted"):
        open_document(data, name="x.pdf")
    with pytest.raises(WrongPassword):
        open_document(data, name="x.pdf", password="wrong")
    with open_document(data, name="x.pdf", password="secret") as source:
        page = next(source.pages(72))
    assert isinstance(page, Page)
    assert page.lines[0].text == "Hello world 1"


@pytest.mark.parametrize(
    ("data", "name", "error", "says"),
    [
        (b"", "x.pdf", CorruptInput, "empty"),
        (b"just some text", "x.pdf", CorruptInput, "not a PDF"),
        (b"just some text", "x.txt", UnsupportedInput, "expected a PDF or an image"),
        (ZERO_PAGES, "x.pdf", CorruptInput, "no pages"),
        (b"\x89PNG\r\n\x1a\nrubbish", "x.png", CorruptInput, "damaged"),
        (b"%PDF-1.7\n" + b"\x00\xff" * 500, "x.pdf", CorruptInput, "PDF"),
    ],
)
def test_unreadable_input_is_named(data: bytes, name: str, error: type[Exception], says: str) -> None:
    """One line that names the file and what is wrong with it."""
    with pytest.raises(error, match=says) as caught:
        open_document(data, name=name)
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)


def test_a_truncated_pdf_is_repaired_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    """What is left of the file is read, a note tells, and MuPDF does not write to the terminal."""
    data = pdf(3)
    with open_document(data[: len(data) * 6 // 10], name="x.pdf") as source:
        assert source.page_count >= 1
        assert list(source.pages(36))
        assert any("repaired" in note for note in source.notes)
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_says_what_was_expected(tmp_path: Path) -> None:
    """So does a folder in a file's place."""
    with pytest.raises(InputNotFound, match="expected a PDF or an image"):
        open_document(tmp_path / "no.pdf")
    with pytest.raises(UnsupportedInput, match="folder"):
        open_document(tmp_path)


def test_a_page_without_area_does_not_stop_the_others() -> None:
    """The failed page is yielded in its place."""
    document = pymupdf.open(stream=pdf(3))
    document.xref_set_key(document[1].xref, "MediaBox", "[0 0 1e-9 1e-9]")
    with open_document(document.tobytes(), name="x.pdf") as source:
        pages = list(source.pages(36))
    assert [page.index for page in pages] == [0, 1, 2]
    assert isinstance(pages[0], Page)
    assert isinstance(pages[2], Page)


def test_huge_pdf_pages_are_rendered_within_bounds() -> None:
    """A page of five metres is rendered at a lower resolution, and says at which."""
    document = pymupdf.open()
    document.new_page(width=14000, height=14000)
    page = only_page(document.tobytes(), dpi=300)
    assert page.image.shape[0] * page.image.shape[1] <= images.MAX_PIXELS * 1.01
    assert page.dpi < 300
    assert page.width == 14000


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_image_formats(kind: str) -> None:
    """Every documented format is told by its content and read as it is."""
    picture = PILImage.new("RGB", (60, 80), (200, 30, 40))
    page = only_page(encoded(picture, kind), name="picture.bin")
    assert page.image.shape == (80, 60, 3)
    assert np.abs(page.image.astype(int) - (200, 30, 40)).max() < 12
    assert page.lines == ()


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, 255),
        ("L", 100, 100),
        ("RGBA", (0, 0, 0, 0), 255),
        ("LA", (0, 128), 127),
        ("I;16", 65535, 255),
        ("CMYK", (0, 0, 0, 0), 255),
    ],
)
def test_pixel_modes_become_rgb(mode: str, value: int | tuple[int, ...], expected: int) -> None:
    """Transparent is white, sixteen bits become eight."""
    kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
    page = only_page(encoded(PILImage.new(mode, (4, 4), value), kind), name="x")
    assert page.image.shape == (4, 4, 3)
    assert np.abs(page.image.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("light", "ground"), [(255, 0), (230, 0), (20, 255), (150, 255)])
def test_transparent_pictures_lie_on_what_shows_them(light: int, ground: int) -> None:
    """White print on nothing lies on black, any other on white."""
    picture = PILImage.new("RGBA", (60, 40), (0, 0, 0, 0))
    picture.paste((light, light, light, 255), (10, 10, 40, 20))
    page = only_page(encoded(picture, "PNG"), name="x.png")
    assert page.image[0, 0, 0] == ground
    assert abs(int(page.image[15, 20, 0]) - light) <= 1


def test_multi_page_tiff() -> None:
    """Each frame is a page; ranges and sizes are per frame."""
    frames = [PILImage.new("L", (100 + 10 * i, 50), 50 * i) for i in range(4)]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with open_document(data, name="x.tiff", pages="2-") as source:
        pages = [page for page in source.pages(72) if isinstance(page, Page)]
    assert [(p.index, p.image.shape[1], int(p.image[0, 0, 0])) for p in pages] == [
        (1, 110, 50),
        (2, 120, 100),
        (3, 130, 150),
    ]


def test_a_truncated_image_fails_as_a_page() -> None:
    """Its header could be read, its pixels not."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)
    data = encoded(PILImage.fromarray(noise), "PNG")
    with open_document(data[: len(data) // 2], name="x.png") as source:
        (page,) = source.pages(72)
    assert isinstance(page, PageFailure)
    assert "damaged" in str(page.error)


def test_exif_orientation_is_applied() -> None:
    """A phone's sideways picture stands upright."""
    picture = PILImage.new("L", (80, 40), 255)
    picture.paste(0, (0, 0, 40, 40))  # left half dark
    exif = PILImage.Exif()
    exif[images.ORIENTATION] = 6  # turn clockwise to display
    page = only_page(encoded(picture, "JPEG", exif=exif, quality=95), name="x.jpg")
    assert page.image.shape == (80, 40, 3)
    assert page.height == 2 * page.width
    assert page.image[10, 20, 0] < 50 < 200 < page.image[70, 20, 0]


@pytest.mark.parametrize(
    ("size", "dpi", "points"),
    [
        ((1654, 2339), 200, (595.44, 842.04)),  # as the file says
        ((1240, 1754), None, (595, 842)),  # unknown: A4
        ((1240, 1754), 72, (595, 842)),  # a default that nobody chose
        ((1000, 9000), None, (595, 5355)),  # a long strip is as wide as a page
        ((30, 20), None, (30, 20)),  # small things stay small
    ],
)
def test_sizes_of_images_on_paper(
    size: tuple[int, int], dpi: int | None, points: tuple[float, float]
) -> None:
    """Resolution comes from the file if plausible, else from what pages are like."""
    options = {"dpi": (dpi, dpi)} if dpi else {}
    page = only_page(encoded(PILImage.new("1", size), "PNG", **options), name="x.png")
    assert (page.width, page.height) == pytest.approx(points, abs=1)


def test_images_are_never_enlarged_and_shrunk_to_the_resolution() -> None:
    """More pixels than the reader needs cost time; invented ones help nobody."""
    data = encoded(PILImage.new("L", (1654, 2339)), "PNG", dpi=(200, 200))
    assert only_page(data, dpi=400).image.shape[:2] == (2339, 1654)
    small = only_page(data, dpi=100)
    assert small.image.shape[:2] == (1170, 827)
    assert small.dpi == pytest.approx(100, rel=0.01)


def test_one_pixel() -> None:
    """The smallest image is a page."""
    page = only_page(encoded(PILImage.new("RGB", (1, 1)), "PNG"), dpi=200, name="x.png")
    assert page.image.shape == (1, 1, 3)


def test_reduction_in_strips_equals_reduction_at_once() -> None:
    """Strips meet without a seam."""
    noise = np.random.default_rng(0).integers(0, 255, (2111, 37), dtype=np.uint8)
    picture = PILImage.fromarray(noise)
    expected = np.asarray(picture.convert("RGB").reduce(3))
    assert np.array_equal(np.asarray(images._reduced(picture, 3)), expected)


@pytest.mark.slow
def test_400_megapixels_are_read_in_bounded_memory(tmp_path: Path) -> None:
    """Decoded once, one byte a pixel, and made smaller strip by strip."""
    path = tmp_path / "huge.png"
    PILImage.new("1", (20_000, 20_000), 1).save(path)
    page = only_page(path, dpi=200)
    assert max(page.image.shape) < 4000
    assert page.image.min() == 255


def test_too_many_pixels_are_refused_with_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on decoded bytes, checked before decoding."""
    monkeypatch.setattr(images, "MAX_DECODED_BYTES", 1000)
    with open_document(encoded(PILImage.new("L", (100, 100)), "PNG"), name="x.png") as source:
        (page,) = source.pages(72)
    assert isinstance(page, PageFailure)
    assert "100x100" in str(page.error)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with documents and other things."""
    for name in ("b.pdf", "a.PNG", "notes.txt", "sub/c.tiff"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lambda t: [t], ["a.PNG", "b.pdf", "sub/c.tiff"]),
        (lambda t: [t / "*.pdf", t / "b.pdf"], ["b.pdf"]),
        (lambda t: [t / "**/*"], ["a.PNG", "b.pdf", "sub/c.tiff"]),
        (lambda t: [t / "notes.txt"], ["notes.txt"]),
    ],
)
def test_inputs_are_collected(tree: Path, given: Callable[[Path], list[Path]], expected: list[str]) -> None:
    """Folders recursively, globs, files as given, each once and in a stable order."""
    assert [path.relative_to(tree).as_posix() for path in collect_inputs(given(tree))] == expected


@pytest.mark.parametrize("name", ["no.pdf", "*.bmp", "empty"])
def test_inputs_that_are_not_there(tree: Path, name: str) -> None:
    """A path, a glob or a folder that names nothing says what was expected."""
    (tree / "empty").mkdir()
    with pytest.raises(InputNotFound, match="expected"):
        collect_inputs([tree / name])


def test_the_open_page_answers_in_page_points() -> None:
    """Images, and the cells that rules draw, in the frame that the page is read in."""
    document = pymupdf.open()
    page = document.new_page(width=300, height=200)
    page.insert_image((200, 100, 280, 180), pixmap=pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 8, 8)))
    for x in (20, 80, 140):
        page.draw_line((x, 20), (x, 60))
    for y in (20, 40, 60):
        page.draw_line((20, y), (140, y))
    for x, y in ((30, 34), (90, 34), (30, 54), (90, 54)):
        page.insert_text((x, y), "cell", fontsize=8)
    document.fullcopy_page(0)
    document[1].set_rotation(90)
    with open_document(document.tobytes()) as source:
        *_, turned = source.pages(72.0)
        assert isinstance(turned, Page)
        assert turned.handle is not None
        assert turned.turn == 270
        [box] = turned.handle.image_boxes()
        assert box == pytest.approx((200, 100, 280, 180), abs=0.5)
        assert len(turned.handle.ruled_cells((0, 0, 200, 300))) == 4
    with open_document(document.tobytes()) as source:
        upright = next(source.pages(72.0))
        assert isinstance(upright, Page)
        assert upright.handle is not None
        assert isinstance(upright.handle.native, pymupdf.Page)
        [box] = upright.handle.image_boxes()
        assert box == pytest.approx((200, 100, 280, 180), abs=0.5)
        cells = upright.handle.ruled_cells((15, 15, 145, 65))
        assert sorted(tuple(map(round, cell)) for cell in cells) == [
            (20, 20, 80, 40),
            (20, 40, 80, 60),
            (80, 20, 140, 40),
            (80, 40, 140, 60),
        ]
        assert not upright.handle.ruled_cells((200, 100, 280, 180))
