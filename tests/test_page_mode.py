"""Page and hierarchical mode through the whole flow: replayed outputs, random models, failures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PARAGRAPH
from random_models import checkpoint, core_tokenizer, token_id

import docspec
from docspec import page_pass
from docspec.assemble import to_html, to_json
from docspec.config import Config
from docspec.drafters.formats import doctags, markdown
from docspec.drafters.reading.auto import AutoDrafter
from docspec.drafting import RequestKey
from docspec.errors import ImageRefused, UsageError
from docspec.pipeline import Parts
from docspec.types import (
    Category,
    DecodeStats,
    Document,
    Draft,
    Drafter,
    Finish,
    Image,
    Line,
    Mode,
    Page,
    PageRegion,
    Region,
    Request,
    Style,
    Verdict,
    Verifier,
)
from docspec.verifiers.draft_only import DraftOnly
from docspec.verifiers.loading import load_verifier
from docspec.verifiers.replay import ReplayModel, ReplayVerifier
from docspec.verifiers.sequence import Prompt

Install = Callable[..., docspec.Parser]


class MarkdownPages:
    """Pages in markdown."""

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """The draft."""
        return markdown.write(regions)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions."""
        return markdown.read(output)


class TagPages:
    """Pages in DocTags."""

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """The draft."""
        return doctags.write(regions, image)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions."""
        return doctags.read(output, image)


class FussyModel(ReplayModel):
    """Refuses the images of some requests, as a model's own processor may."""

    refused: tuple[Hashable, ...] = ()

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        """Prompts, or ImageRefused."""
        if any(request.key in self.refused for request in requests):
            raise ImageRefused("absolute aspect ratio must be smaller than 200")
        return super().prompts(requests)


class TwoBlocks:
    """A detector that needs no model: the first line is a heading, the others a paragraph."""

    def detect(self, page: Page, lines: Sequence[Line]) -> Sequence[Region]:
        """Two regions."""
        heading, *others = lines
        x0, y0, x1, y1 = (side(line.box[i] for line in others) for i, side in enumerate((min, min, max, max)))
        return [
            Region(page.index, 0, heading.box, Category.SECTION_HEADER),
            Region(page.index, 1, (x0, y0, x1, y1), Category.TEXT),
        ]


class Insisting(AutoDrafter):
    """Proposes the same for every region."""

    def __init__(self, drafts: tuple[Draft, ...]) -> None:
        super().__init__()
        self.drafts = drafts

    def draft(self, page: Page, region: Region, style: Style) -> tuple[Draft, ...]:
        """Whatever there is."""
        return self.drafts


class Watched(ReplayVerifier):
    """Keeps what it was asked."""

    def verify(self, requests: Any) -> Generator[tuple[Hashable, Verdict], None, None]:
        """As ever."""
        self.asked: list[Request] = []
        return super().verify(self._watch(requests))

    def _watch(self, requests: Any) -> Iterator[Request | None]:
        for request in requests:
            if request is not None:
                self.asked.append(request)
            yield request


@pytest.fixture
def install() -> Install:
    """A parser whose verifier replays outputs: pages by index, regions by (page, order)."""

    def make(
        recorded: Mapping[int | tuple[int, int], str],
        *,
        pages: Any = None,
        refused: tuple[Hashable, ...] = (),
        **options: Any,
    ) -> docspec.Parser:
        keyed: dict[Hashable, str] = {
            RequestKey(0, *(key if isinstance(key, tuple) else (key, None))): text
            for key, text in recorded.items()
        }
        loaded = FussyModel(core_tokenizer(), token_id("<|im_end|>"), page=pages or MarkdownPages())
        loaded.refused = refused
        config = Config(**options)
        return quick(config, Watched(loaded, keyed, config))

    return make


def quick(config: Config, verifier: Verifier, drafter: Drafter | None = None) -> docspec.Parser:
    """A parser without the layout model."""
    return docspec.Parser(config, parts=Parts(verifier, TwoBlocks(), drafter or AutoDrafter()))


def drafted(paper: Path) -> Document:
    """What the drafts alone make of it."""
    config = Config(verifier="draft-only")
    return quick(config, DraftOnly(config)).parse(paper)


def region_texts(document: Document) -> dict[int | tuple[int, int], str]:
    """Every region's text, with a trace of a verifier in it."""
    return {
        (page.index, result.region.order): result.text.replace("Speculative", "SPECULATIVE")
        for page in document.pages
        for result in page.regions
    }


PAGES: dict[int | tuple[int, int], str] = {
    0: f"```markdown\n# 1 Heading of page 1\n\n{PARAGRAPH}\n```",
    1: f"# Heading two\n\n{PARAGRAPH.replace('greedy', 'greediest')}\n\nA line that no draft has.",
}


def test_page_mode_gives_the_pages_own_text(paper: Path, install: Install) -> None:
    """One request a page, with the drafted regions; its text stands as it is, a fence aside."""
    parser = install(PAGES, mode="page")
    document = parser.parse(paper)
    assert document.mode == "page"
    first, second = (str(PAGES[i]).removeprefix("```markdown\n").removesuffix("\n```") for i in (0, 1))
    assert document.markdown == f"{first}\n\n{second}\n"
    assert document.errors == ()
    asked = parser.verifier.asked  # type: ignore[attr-defined]
    assert [request.key for request in asked] == [RequestKey(0, 0, None), RequestKey(0, 1, None)]
    assert [region.text for region in asked[0].regions] == ["1 Heading of page 1", PARAGRAPH]
    height, width = asked[0].image.shape[:2]
    box = asked[0].regions[1].box
    assert 0 < box[0] < box[2] < width
    assert 0 < box[1] < box[3] < height


def test_statistics_add_up(paper: Path, install: Install) -> None:
    """Tokens are those of the outputs, counted once; all results show them."""
    document = install(PAGES, mode="page").parse(paper)
    for page in document.pages:
        assert page.verdict is not None
        tokens = len(core_tokenizer().encode(PAGES[page.index]).ids) + 1
        assert page.verdict.stats.tokens == page.stats.tokens == tokens
        assert 0 < page.stats.steps < tokens
        assert page.stats.accepted >= tokens - page.stats.steps
        assert all(result.verdict.stats == DecodeStats() for result in page.regions)
    row = to_json(document)["pages"][0]
    assert row["mode"] == "page"
    assert row["page_pass"] is not None
    assert row["page_pass"]["output"] == PAGES[0]
    assert row["page_pass"]["verification"]["tokens"] == document.pages[0].stats.tokens
    assert row["page_pass"]["agreement"] is not None
    assert "mode page" in to_html(document)
    assert "tokens a verify step" in to_html(document)


def test_regions_of_a_page_keep_draft_and_place(paper: Path, install: Install) -> None:
    """Markdown has no boxes: they and the drafts come from the layout; what only the output has is there."""
    page = install(PAGES, mode="page").parse(paper).pages[1]
    heading, text, extra = page.regions
    assert [result.region.order for result in page.regions] == [0, 1, 2]
    assert heading.region.category is Category.TITLE
    assert heading.draft is not None
    assert heading.draft.text == "2 Heading of page 2"
    assert heading.verdict.agreement is not None
    assert heading.verdict.agreement < 1
    assert "greediest" in text.text
    assert text.region.box[1] > heading.region.box[3] - 1
    assert [text.text[c.start : c.end] for c in text.verdict.corrections] == ["greediest"]
    assert extra.draft is None
    assert extra.region.box == (0, 0, page.width, page.height)


def test_hierarchical_mode_reads_regions_first(
    paper: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's draft is what the verifier made of its regions; the page's own output decides."""
    monkeypatch.setattr(page_pass, "SURE", 2.0)
    regions = region_texts(drafted(paper))
    parser = install(regions | PAGES, mode="hierarchical", max_batch=3)
    document = parser.parse(paper)
    assert document.mode == "hierarchical"
    assert document.markdown == install(PAGES, mode="page").parse(paper).markdown
    page_requests = {request.key: request for request in parser.verifier.asked if request.category is None}  # type: ignore[attr-defined]
    texts = [region.text for region in page_requests[RequestKey(0, 0, None)].regions]
    assert texts == [regions[0, order] for order in range(len(texts))]
    for page in document.pages:
        assert page.region_pass.tokens == sum(
            len(core_tokenizer().encode(text).ids) + 1
            for key, text in regions.items()
            if isinstance(key, tuple) and key[0] == page.index
        )
        assert page.verdict is not None
        assert page.stats == page.verdict.stats + page.region_pass


def test_sure_pages_go_straight_to_the_page_pass(paper: Path, install: Install) -> None:
    """A trusted text layer needs no region pass; the mode that is reported is what was done."""
    parser = install(PAGES, mode="auto")
    assert parser.mode is Mode.HIERARCHICAL
    document = parser.parse(paper)
    assert [request.category for request in parser.verifier.asked] == [None, None]  # type: ignore[attr-defined]
    assert document.mode == "page"


def test_what_the_output_lacks_is_listed(paper: Path, install: Install) -> None:
    """Nothing is lost silently."""
    document = install({0: "# 1 Heading of page 1", 1: ""}, mode="page").parse(paper)
    assert [(drop.reason, drop.text) for drop in document.pages[0].dropped] == [
        ("not in the page output", PARAGRAPH)
    ]
    assert len(document.pages[1].dropped) == 2
    assert document.markdown == "# 1 Heading of page 1\n"


def test_an_output_that_broke_off_is_completed_from_the_layout(
    paper: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after the bound on tokens stands as drafted, unverified."""
    monkeypatch.setattr(ReplayModel, "limit", lambda *_: 8)
    document = install({0: PAGES[0], 1: PAGES[1]}, mode="page").parse(paper)
    assert all(page.verdict and page.verdict.finish is Finish.LENGTH for page in document.pages)
    assert document.markdown.count(PARAGRAPH) == 2
    assert [page.regions[-1].verdict.finish for page in document.pages] == [Finish.UNVERIFIED] * 2


def test_a_failing_page_does_not_take_the_others(paper: Path, install: Install) -> None:
    """Its drafts stand, and the error is reported."""
    document = install(PAGES, mode="page", refused=(RequestKey(0, 0, None),)).parse(paper)
    assert len(document.errors) == 1
    assert document.errors[0].startswith("page 1: ")
    assert "aspect ratio" in document.errors[0]
    assert PARAGRAPH in document.markdown
    assert "A line that no draft has." in document.markdown


def test_a_refused_region_does_not_take_its_page(
    paper: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page pass goes on with the region's draft."""
    monkeypatch.setattr(page_pass, "SURE", 2.0)
    recorded = region_texts(drafted(paper)) | PAGES
    parser = install(recorded, mode="hierarchical", refused=(RequestKey(0, 0, 1),))
    document = parser.parse(paper)
    assert document.errors == ()
    page = next(r for r in parser.verifier.asked if r.key == RequestKey(0, 0, None))  # type: ignore[attr-defined]
    assert page.regions[1].text == PARAGRAPH


def test_boxes_of_the_output_place_its_regions(paper: Path, install: Install) -> None:
    """A format with coordinates is assembled from its regions; boxes are page points again."""
    height, width = 300, 420
    heading = PageRegion(Category.SECTION_HEADER, "Head", (0.1, 0.13, 0.6, 0.22), level=2)
    text = PageRegion(Category.TEXT, PARAGRAPH.upper(), (0.09, 0.28, 0.9, 0.5))
    footer = PageRegion(Category.PAGE_FOOTER, "7", (0.4, 0.9, 0.6, 0.95))
    output = doctags.write((footer, heading, text), np.zeros((1, 1, 3), np.uint8))
    document = install({0: output, 1: output}, mode="page", pages=TagPages()).parse(paper)
    assert document.markdown == f"## Head\n\n{PARAGRAPH.upper()}\n\n## Head\n\n{PARAGRAPH.upper()}\n"
    page = document.pages[0]
    assert [drop.reason for drop in page.dropped] == ["page footer"]
    assert page.regions[2].region.box == pytest.approx(
        (0.09 * width, 0.28 * height, 0.9 * width, 0.5 * height), abs=1
    )
    assert page.regions[1].draft == Draft("1 Heading of page 1", "text-layer", pytest.approx(1.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["page", "hierarchical"])
@pytest.mark.parametrize("verifier", ["mini", "draft-only"])
def test_verifiers_without_pages_refuse(verifier: str, mode: Any) -> None:
    """In one line that says what to do instead."""
    with pytest.raises(UsageError, match="use --mode region or auto"):
        docspec.Parser(verifier=verifier, mode=mode)


@pytest.mark.parametrize("mode", ["page", "hierarchical"])
def test_drafts_never_change_a_models_output(mode: Any, paper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A random model writes the same pages with good drafts, garbage, and none."""
    monkeypatch.setattr(page_pass, "SURE", 2.0)
    config = Config(
        verifier=checkpoint("qwen2_5_vl"), mode=mode, max_new_tokens=40, accept="exact", on_loop="off"
    )
    verifier = load_verifier(config)
    texts = []
    for drafter in (AutoDrafter(), Insisting(()), Insisting((Draft("zzz $$ | <td> 0 " * 20, "garbage"),))):
        document = quick(config, verifier, drafter).parse(paper)
        assert document.mode == mode
        assert document.errors == ()
        texts.append([page.verdict.text for page in document.pages if page.verdict])
    assert texts[0] == texts[1] == texts[2]
    assert len(texts[0]) == 2
