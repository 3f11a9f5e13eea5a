"""The bundled verifier as a drafter."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from docspec import registry
from docspec.config import Config
from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.tree import Tree
from docspec.drafting import DraftedPage, Input, Stages
from docspec.types import Style
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.mini.drafter import FusedText, styled
from docspec.verifiers.mini.formulas import CLOSE, OPEN, SUB, plain
from docspec.verifiers.mini.tokens import END, MARKS, VOCABULARY, byte_tokenizer, decode, encode
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.sequence import Sequence as Decoding

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize(
    ("output", "likeliest", "by", "emitted"),
    [
        ("of ", "y", 1.5, "x"),  # a draft as sure as that stands
        ("of ", OPEN, 1.5, OPEN),  # but it has no marks
        ("of ", OPEN, 0.5, "x"),  # which must be clear, though
        (f"of {OPEN}x{CLOSE} and ", "y", 1.5, "x"),
        (f"of {OPEN}", "y", 0.5, "y"),  # and nothing to say of what is in a formula
        (f"of {OPEN}{'y' * 80}", "y", 1.5, "x"),  # none is as long as that
    ],
)
def test_formulas_are_the_minis_alone(output: str, likeliest: str, by: float, emitted: str) -> None:
    """Draft and mini are weighed against each other in running text only."""
    assert fused(output, likeliest, "x", by) == emitted


@pytest.mark.parametrize(("likeliest", "drafted", "emitted"), [("6", "5", "5"), ("b", "a", "b")])
def test_figures_are_ocrs_sooner(likeliest: str, drafted: str, emitted: str) -> None:
    """What the letters around it say of a letter, nothing says of a figure."""
    assert fused("of ", likeliest, drafted, 4.0) == emitted


def fused(output: str, likeliest: str, drafted: str, by: float) -> str:
    """What stands after ``output`` where the mini prefers another character than the drafted one by so many
    nats, and OCR's confidence is 0.9."""
    [preferred], [drafted_token] = encode(likeliest), encode(drafted)
    logits = torch.zeros(1, 2, VOCABULARY)
    logits[0, 0, preferred], logits[0, 0, drafted_token] = 5.0, 5.0 - by
    codec = TokenizerCodec(byte_tokenizer(), unwritten=MARKS)
    prompt = Prompt(torch.zeros(1, 4), torch.zeros(1, 1, dtype=torch.long), following=1)
    draft = DraftedNext(plain(output) + drafted, codec, END)  # drafts have no marks
    cursor = DraftCursor([], codec, END)
    sequence = Decoding("key", prompt, cursor, frozenset((END,)), 99, draft, confidence=0.9)
    sequence.output = encode(output)
    [accepted] = FusedText(None)([sequence], [Tree.chain([drafted_token])], logits)
    return decode(accepted.tokens[:1])


@pytest.mark.parametrize(
    ("style", "written"),
    [
        (Style(formula=("$", "$")), "cups1 of $x_{i}$"),
        (Style(formula=("$", "$"), superscripts=True), "cups¹ of $x_{i}$"),
        (Style(), "cups1 of xi"),
    ],
)
def test_drafts_are_in_the_models_style(style: Style, written: str) -> None:
    """Formulas are LaTeX and superscripts plain where the larger model writes them so."""
    assert styled(f"cups¹ of {OPEN}x{SUB}i{CLOSE}", style) == written


def drafted(name: str, drafter: str) -> DraftedPage:
    """The first page of an example, drafted."""
    config = Config(pages="1", drafter=drafter)
    stages = Stages(
        detector=registry.make("detectors", config.detector, config),
        drafter=registry.make("drafters", drafter, config),
        style=Style(),
        dpi=150.0,
        config=config,
    )
    page = next(iter(stages.documents([Input(0, EXAMPLES / name)])))
    assert isinstance(page, DraftedPage)
    return page


@pytest.mark.slow
def test_a_scan_is_read_again() -> None:
    """What OCR drafted is drafted by the mini, from the same pixels, region by region."""
    ocr, mini = drafted("scan.pdf", "auto"), drafted("scan.pdf", "mini")
    sources = [request.drafts[0].source for request in mini.requests if request.drafts]
    assert "mini" in sources
    for before, after in zip(ocr.requests, mini.requests, strict=True):
        assert len(before.drafts) == len(after.drafts)
        assert before.line_strips
        for draft in after.drafts:
            assert all(0 <= one.start <= one.end <= len(draft.text) for one in draft.alternatives)


def test_a_trusted_text_layer_is_left_alone() -> None:
    """Born-digital text needs no second reading."""
    page = drafted("paper.pdf", "mini")
    sources = {draft.source for request in page.requests for draft in request.drafts}
    assert "text-layer" in sources
    assert "mini" not in sources
