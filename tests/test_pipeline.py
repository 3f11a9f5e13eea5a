"""The whole flow on small documents made here."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from conftest import PARAGRAPH
from random_models import save_checkpoint
from small_parts import SmallDetector

import docspec
from docspec.config import Config
from docspec.drafters.reading.text_layer import TextLayerDrafter
from docspec.errors import InputNotFound, ModelError, UsageError
from docspec.layout.pymupdf_detector import PyMuPDFDetector
from docspec.pipeline import Parts
from docspec.types import Category, Finish, Line, Page
from docspec.verifiers.draft_only import DraftOnly

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_draft_only_gives_the_text(paper: Path) -> None:
    """Without a verifier the document's own text comes out, structured."""
    pages: list[int] = []
    parser = docspec.Parser(verifier="draft-only")
    document = parser.parse(paper, progress=lambda page: pages.append(page.index))
    assert pages == [0, 1]
    assert "Heading of page 1" in document.markdown
    assert document.markdown.count(PARAGRAPH) == 2
    assert document.errors == ()
    assert {r.verdict.finish for page in document.pages for r in page.regions} == {Finish.UNVERIFIED}


class FailingDrafter(TextLayerDrafter):
    """Cannot read first pages."""

    def read(self, page: Page) -> Sequence[Line]:
        """The text layer."""
        if page.index == 0:
            raise RuntimeError("simulated")
        return super().read(page)


def test_failing_page_is_reported_and_the_others_go_on(paper: Path) -> None:
    """An unforeseen error in one page costs that page alone."""
    config = Config(verifier="draft-only")
    parts = Parts(DraftOnly(config), PyMuPDFDetector(), FailingDrafter())
    document = docspec.Parser(config, parts=parts).parse(paper)
    assert document.errors == ("page 1: RuntimeError: simulated",)
    assert "Heading of page 2" in document.markdown


def test_batch_keeps_a_bad_document_to_itself(paper: Path, tmp_path: Path) -> None:
    """Each document of a batch has its result or its error."""
    results = list(docspec.Parser(verifier="draft-only").parse_batch([paper, tmp_path / "missing.pdf"]))
    by_name = {result.path.name: result for result in results}
    assert by_name["paper.pdf"].document is not None
    assert isinstance(by_name["missing.pdf"].error, InputNotFound)


def test_leaving_a_batch_early_stops_its_thread(paper: Path) -> None:
    """A consumer may stop after the first result."""
    config = Config(verifier="draft-only")
    parts = Parts(DraftOnly(config), SmallDetector(), TextLayerDrafter())
    results = docspec.Parser(config, parts=parts).parse_batch([paper] * 4)
    assert next(results).document is not None
    assert isinstance(results, Generator)
    results.close()


def test_pictures_are_cut_out_on_request() -> None:
    """With images=True every picture region has its pixels."""
    parsed = docspec.parse(EXAMPLES / "paper.pdf", verifier="draft-only", images=True)
    pictures = [
        (page.index, result.region.order)
        for page in parsed.pages
        for result in page.regions
        if result.region.category is Category.PICTURE
    ]
    assert pictures
    assert pictures == [(page.index, order) for page in parsed.pages for order in page.images]
    assert all(png.startswith(b"\x89PNG") for page in parsed.pages for png in page.images.values())


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl"])
def test_saved_checkpoint_verifies_a_document(
    family: str, paper: Path, tmp_path: Path, small_parts_installed: None
) -> None:
    """A checkpoint folder loads by name and reads every region."""
    folder = tmp_path / "checkpoint"
    save_checkpoint(folder, family, 0)
    document = docspec.parse(
        paper, verifier=str(folder), detector="small", mode="region", max_new_tokens=12, accept="exact"
    )
    assert document.verifier == str(folder)
    assert document.mode == "region"
    regions = [result for page in document.pages for result in page.regions]
    assert regions
    assert all(result.verdict.stats.tokens == 12 for result in regions if result.verdict.finish == "length")
    assert all(result.verdict.finish is not Finish.UNVERIFIED for result in regions)


def test_unknown_verifier_names_the_known_ones() -> None:
    """A name that is neither registered nor a folder is a usage error."""
    with pytest.raises(UsageError, match="mini"):
        docspec.Parser(verifier="nothing-like-this")


def test_folder_without_checkpoint_is_a_model_error(tmp_path: Path) -> None:
    """A folder that holds no checkpoint says so in one line."""
    with pytest.raises(ModelError) as raised:
        docspec.Parser(verifier=str(tmp_path))
    assert "\n" not in str(raised.value)
