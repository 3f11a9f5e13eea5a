"""What is particular to each family, without its model: prompts, image frames, outputs and page drafts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec import registry
from docspec.doctor import profiles
from docspec.drafters.formats import grounding
from docspec.types import Category, PageRegion
from docspec.verifiers.profiles.catalogue import CARDS
from docspec.verifiers.profiles.framing import MAX_ASPECT, MIN_SIDE, fitted, framed

PAGE = np.zeros((1000, 500, 3), dtype=np.uint8)
REGIONS = (
    PageRegion(Category.TITLE, "A title", (50, 100, 450, 150), 1),
    PageRegion(Category.TEXT, "Some text.", (50, 200, 450, 300)),
    PageRegion(Category.TABLE, "<table><tr><td>1</td><td>2</td></tr></table>", (50, 400, 450, 500)),
    PageRegion(Category.FORMULA, "x^2", (50, 600, 450, 650)),
    PageRegion(Category.LIST_ITEM, "- an item", (50, 700, 450, 750)),
    PageRegion(Category.PICTURE, "", (50, 800, 450, 900)),
)
BUILTIN = sorted(registry.BUILTIN["profiles"])
# checkpoints that are asked otherwise than others of their type
NAMED = {
    "opendatalab/MinerU2.5-2509-1.2B": "qwen2_vl",
    "opendatalab/MinerU2.5-Pro-2604-1.2B": "qwen2_vl",
    "allenai/olmOCR-2-7B-1025": "qwen2_5_vl",
    "ATH-MaaS/OvisOCR2": "qwen3_5",
    "lightonai/LightOnOCR-3-0.8B": "qwen3_5",
    "datalab-to/surya-ocr-2": "qwen3_5",
}
# dots.ocr needs its processor to read a page; it has tests of its own
FAMILIES = [name for name in [*BUILTIN, *NAMED] if name != "dots_ocr"]


def profile(name: str, processor: Any = None) -> Any:
    """The profile of a model type, or of a checkpoint with one of its own, around no model at all."""
    kind = registry.load("profiles", NAMED.get(name, name)).of(name)
    return kind(SimpleNamespace(name_or_path=name), None, processor)


def test_catalogue_is_the_registry() -> None:
    """Every built-in profile has its card, and the card its profile's native mode."""
    types = [model_type for card in CARDS if not card.word for model_type in card.model_types]
    assert sorted(types) == BUILTIN
    for card in CARDS:
        kinds = [registry.load("profiles", name) for name in card.model_types]
        assert {kind.of(card.word).native for kind in kinds} == {card.native}
        assert all((kind.of(card.word) is kind) == (card.word == "") for kind in kinds)


def test_plug_in_profiles_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that is registered elsewhere is listed after the built-in ones."""
    names = registry.names
    monkeypatch.setattr(registry, "names", lambda kind: [*names(kind), "zz_other"])
    assert [card.name for card in profiles()][-1] == "zz_other"


@given(st.integers(1, 400), st.integers(1, 400))
@settings(max_examples=30, deadline=None)
def test_framed_images_suit_every_processor(height: int, width: int) -> None:
    """No side is shorter than a cell, no image more elongated than allowed, no pixel lost."""
    picture = framed(np.zeros((height, width, 3), dtype=np.uint8))
    assert min(picture.size) >= MIN_SIDE
    assert max(picture.size) / min(picture.size) <= MAX_ASPECT
    pixels = np.asarray(picture)
    assert (pixels == 0).all(-1).sum() == height * width


def test_framed_images_shrink_to_the_longest_side() -> None:
    """A bound on the longer side keeps the proportions."""
    assert framed(PAGE, 500).size == (250, 500)
    assert framed(PAGE, 2000).size == (500, 1000)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_page_drafts_are_read_back(model_type: str) -> None:
    """What a family would write of a page holds its text, and its reader finds it all again."""
    family = profile(model_type)
    draft = family.write_page(REGIONS, PAGE)
    assert "A title" in draft
    found = family.read_page(draft, PAGE)
    text = "\n".join(region.text for region in found)
    assert all(part in text for part in ("A title", "Some text.", "an item", "x^2"))
    assert any(region.category is Category.TABLE for region in found)
    assert family.write_page((), PAGE) == "" or not family.read_page(family.write_page((), PAGE), PAGE)


@given(st.sampled_from(FAMILIES), st.text(alphabet='<>|/ab[],1\n-#$\\!?&;"=', max_size=60))
@settings(deadline=None)
def test_page_readers_take_anything(model_type: str, output: str) -> None:
    """Broken output is read without an error."""
    profile(model_type).read_page(output, PAGE)


@pytest.mark.parametrize("model_type", BUILTIN)
def test_pictures_are_declined_and_pages_are_not(model_type: str) -> None:
    """A picture has no text to read."""
    family = profile(model_type)
    assert family.declines(Category.PICTURE)
    assert family.declines(Category.TEXT) is None
    assert family.declines(None) is None


def test_region_answers_lose_their_wrapping() -> None:
    """Fences and the delimiters of a formula are not part of a region's text."""
    read = profile("glm_ocr").read
    assert read(Category.TEXT, "```markdown\nsome text\n```\n") == "some text"
    assert read(Category.TEXT, "costs $5$") == "costs $5$"
    for written in ("$$\nx^2\n$$", "\\[x^2\\]", "$x^2$", "\\( x^2 \\)", "x^2"):
        assert read(Category.FORMULA, written) == "x^2"
    assert read(Category.FORMULA, "$a$ and $b$") == "$a$ and $b$"


def test_otsl_tables_become_html() -> None:
    """PaddleOCR-VL and granite-docling write tables as OTSL."""
    otsl = "<fcel>a<fcel>b<nl><fcel>c<lcel><nl>"
    html = '<table><tr><td>a</td><td>b</td></tr><tr><td colspan="2">c</td></tr></table>'
    assert profile("paddleocr_vl").read(Category.TABLE, otsl) == html
    assert profile("paddleocr_vl").read(Category.TEXT, otsl) == otsl
    tagged = f"<doctag><otsl><loc_1><loc_2><loc_3><loc_4>{otsl}</otsl></doctag><|end_of_text|>"
    assert profile("idefics3").read(Category.TABLE, tagged) == html


def test_region_drafts_are_written_in_the_models_words() -> None:
    """A draft that a family would write otherwise is, and its reader gives the draft back."""
    html = '<table><tr><td>a</td><td>b</td></tr><tr><td colspan="2">c</td></tr></table>'
    paddle, granite = profile("paddleocr_vl"), profile("idefics3")
    assert paddle.write(Category.TABLE, html) == "<fcel>a<fcel>b<nl><fcel>c<lcel><nl>"
    assert paddle.write(Category.TABLE, "no table") == "no table"
    assert paddle.write(Category.TEXT, html) == html
    assert granite.write(Category.TEXT, "words").startswith(
        "<doctag><text><loc_0><loc_0><loc_500><loc_500>words"
    )
    for family in (paddle, granite):
        assert family.read(Category.TABLE, family.write(Category.TABLE, html)) == html
        assert family.read(Category.TEXT, family.write(Category.TEXT, "words")) == "words"
    assert profile("glm_ocr").write(Category.TABLE, html) == html


def test_front_matter_is_not_the_pages_text() -> None:
    """olmOCR begins with front matter, other fine-tunes of Qwen may not."""
    read = profile("qwen2_5_vl").read_page
    front = "---\nprimary_language: en\nis_table: False\n---\n"
    assert [region.text for region in read(front + "# A\n\ntext", PAGE)] == ["A", "text"]
    assert [region.text for region in read("# A\n\ntext", PAGE)] == ["A", "text"]
    assert read(front, PAGE) == ()


def test_olmocr_pages_have_their_published_size() -> None:
    """The longer side is 1288 pixels for olmOCR, the processor's own choice for other checkpoints."""
    olmocr = profile("allenai/olmOCR-2-7B-1025")
    assert olmocr.picture(PAGE, None).size == (500, 1000)
    large = np.zeros((2576, 1000, 3), dtype=np.uint8)
    assert olmocr.picture(large, None).size == (500, 1288)
    assert profile("qwen2_5_vl").picture(large, None).size == (1000, 2576)


def test_readers_made_of_qwen3_5_are_asked_as_published() -> None:
    """OvisOCR2 has one prompt and bounds of its own, LightOnOCR-3 none but the image."""
    ovis, lighton, qwen = map(profile, ("ATH-MaaS/OvisOCR2", "lightonai/LightOnOCR-3-0.8B", "qwen3_5"))
    for category in (None, Category.TEXT, Category.TABLE):
        assert ovis.prompt_for(category).startswith("\nExtract all readable content from the image")
        assert [part["type"] for part in ovis.content(category)] == ["image", "text"]
        assert lighton.content(category) == [{"type": "image"}]
    large = np.zeros((4096, 1000, 3), dtype=np.uint8)
    assert lighton.picture(large, None).size == (500, 2048)
    assert ovis.picture(large, None).size == qwen.picture(large, None).size == (1000, 4096)
    images: Any = Qwen2VLImageProcessorPil()
    profile("ATH-MaaS/OvisOCR2", images)
    assert (images.size.shortest_edge, images.size.longest_edge) == (448**2, 2880**2)


def test_what_stands_for_a_picture_is_no_text() -> None:
    """OvisOCR2 writes a tag with a box in a picture's place."""
    output = '# A\n\n<img src="images/bbox_1_20_300_999.jpg" />\n\ntext'
    read = profile("ATH-MaaS/OvisOCR2").read_page(output, PAGE)
    assert [region.text for region in read] == ["A", "text"]


def test_grounded_markdown_keeps_labels_and_boxes() -> None:
    """DeepSeek-OCR's labels and boxes come back in the page's pixels."""
    found = grounding.read(grounding.write(REGIONS, PAGE), PAGE)
    assert [region.category for region in found] == [region.category for region in REGIONS]
    for region, given_region in zip(found, REGIONS, strict=True):
        assert region.box == pytest.approx(given_region.box, abs=1)


def test_grounded_markdown_survives_breaks() -> None:
    """A label without its box, a box broken off and text before any label are all read."""
    found = grounding.read("<|ref|>title<|/ref|>\n# A", PAGE)
    assert [(region.text, region.box) for region in found] == [("A", None)]
    found = grounding.read("loose\n\n<|ref|>text<|/ref|><|det|>[[1, 2, 3, 4]\nmore", PAGE)
    assert [region.text for region in found] == ["loose", "more"]


def test_labels_in_the_line_of_their_text_are_read() -> None:
    """Unlimited-OCR's blocks stand behind their labels; a heading's number is no list's, and a region's text
    has no labels."""
    output = (
        "<|det|>image [383, 87, 497, 171]<|/det|>\n<|det|>title [115, 101, 273, 117]<|/det|>1. Introduction\n"
        "<|det|>text [112, 132, 884, 309]<|/det|>Humans are\nable."
    )
    unlimited = profile("unlimited_ocr")
    picture, title, text = unlimited.read_page(output, PAGE)
    assert (picture.category, picture.text) == (Category.PICTURE, "")
    assert (title.category, title.text) == (Category.TITLE, "1. Introduction")
    assert title.box == pytest.approx((57.5, 101, 136.5, 117), abs=1)
    assert text.text.split() == ["Humans", "are", "able."]
    assert unlimited.read(Category.TEXT, output) == "1. Introduction\nHumans are\nable."
    drafted = unlimited.write_page(REGIONS, PAGE)
    assert drafted.startswith("<|det|>title [100, 100, 899, 150]<|/det|>A title\n<|det|>text [")


def test_mineru_is_known_by_its_name_and_reads_regions() -> None:
    """MinerU2.5 of both kinds has its client's prompts, OTSL tables, and a word for no text at all."""
    for name in ("opendatalab/MinerU2.5-2509-1.2B", "opendatalab/MinerU2.5-Pro-2604-1.2B"):
        mineru = profile(name)
        assert [part.get("text") for part in mineru.content(Category.FORMULA)] == [
            None,
            "\nFormula Recognition:",
        ]
        assert mineru.messages(None)[0] == {"role": "system", "content": "You are a helpful assistant."}
        assert mineru.read(Category.TEXT, "[Non-Text]\n") == ""
        assert mineru.read(Category.FORMULA, "\\[\nx^2\n\\]") == "x^2"
        assert "<td>a</td>" in mineru.read(Category.TABLE, "<fcel>a<fcel>b<nl>")
        assert mineru.picture(np.zeros((10, 3000, 3), dtype=np.uint8), Category.TEXT).size == (3000, 60)
    assert profile("qwen2_vl").messages(None)[0]["role"] == "user"


@given(st.integers(1, 4000), st.integers(1, 4000))
@settings(max_examples=50, deadline=None)
def test_fitted_images_are_within_bounds(width: int, height: int) -> None:
    """Whole cells, no more pixels than allowed, and of what is large enough to keep it the proportions."""
    least, most, cell = 28 * 280, 1000 * 1000, 28
    picture = fitted(Image.new("L", (width, height)), (least, most), cell)
    assert picture.width % cell == picture.height % cell == 0
    assert picture.width * picture.height <= most
    if min(width, height) > 300:
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.1)


def test_surya_pages_have_whole_cells() -> None:
    """A page at 192 dpi keeps its size up to whole cells; a small crop is scaled up to the least."""
    surya = profile("datalab-to/surya-ocr-2")
    assert surya.picture(np.zeros((2112, 1632, 3), dtype=np.uint8), None).size == (1624, 2100)
    small = surya.picture(np.zeros((60, 90, 3), dtype=np.uint8), Category.TEXT)
    assert small.width * small.height == pytest.approx(1792 * 28, rel=0.1)
