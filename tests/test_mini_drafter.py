"""The bundled verifier as a drafter."""

from __future__ import annotations

from pathlib import Path

import pytest

from docspec import registry
from docspec.config import Config
from docspec.drafting import DraftedPage, Input, Stages
from docspec.types import Style

EXAMPLES = Path(__file__).parent.parent / "examples"


def drafted(name: str, drafter: str) -> DraftedPage:
    """The first page of an example, drafted."""
    stages = Stages(
        detector=registry.load("detectors", "pymupdf")(),
        drafter=registry.load("drafters", drafter)(),
        style=Style(),
        dpi=150.0,
        config=Config(pages="1"),
    )
    page = next(iter(stages.documents([Input(0, EXAMPLES / name)])))
    assert isinstance(page, DraftedPage)
    return page


@pytest.mark.slow
def test_a_scan_is_read_again() -> None:
    """What OCR drafted is drafted by the mini, from the same features, region by region."""
    ocr, mini = drafted("scan.pdf", "auto"), drafted("scan.pdf", "mini")
    sources = [request.drafts[0].source for request in mini.requests if request.drafts]
    assert "mini" in sources
    for before, after in zip(ocr.requests, mini.requests, strict=True):
        assert len(before.drafts) == len(after.drafts)
        assert before.line_features
        for draft in after.drafts:
            assert all(0 <= one.start <= one.end <= len(draft.text) for one in draft.alternatives)


def test_a_trusted_text_layer_is_left_alone() -> None:
    """Born-digital text needs no second reading."""
    page = drafted("paper.pdf", "mini")
    sources = {draft.source for request in page.requests for draft in request.drafts}
    assert "text-layer" in sources
    assert "mini" not in sources
