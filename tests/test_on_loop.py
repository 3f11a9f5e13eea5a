"""The runaway guard in the engine: where output stops, what is kept of it, and what ``on_loop`` changes."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import END, core_tokenizer, token_id
from tiny_decoder import sequence, tiny_decoder

from docspec.config import Config
from docspec.drafting import DraftedPage, RequestKey
from docspec.page_pass import page_request, page_result
from docspec.types import (
    Category,
    Draft,
    Finish,
    Mode,
    PageRegion,
    PageResult,
    Region,
    Request,
    Verdict,
)
from docspec.verifiers.decide import Replay, exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.replay import NoModel, ReplayModel, ReplayVerifier
from docspec.verifiers.runaway import PATIENT, RunawayGuard
from docspec.verifiers.runner import Runner

PIXELS = np.zeros((8, 8, 3), dtype=np.uint8)
START = "The verdict is text as well, and"
LOOP = " nothing is lost"


def replayed(recorded: str, config: Config, draft: str = START, limit: int = 4000, **options: Any) -> Verdict:
    """The verdict on one region whose verifier writes ``recorded``."""
    loaded: Any = ReplayModel(core_tokenizer(), token_id(END))
    loaded.limit = lambda request, config: limit
    verifier = ReplayVerifier(loaded, {"r": recorded}, config, **options)
    drafts = (Draft(draft, "ocr"),) if draft else ()
    [(_, verdict)] = verifier.verify(iter([Request("r", PIXELS, Category.TEXT, drafts)]))
    return verdict


@pytest.mark.parametrize("drafts", [True, False])
@pytest.mark.parametrize("draft", ["", START, START + " nothing is lost but time", "Something else."])
def test_keeps_the_text_up_to_the_loop(draft: str, drafts: bool) -> None:
    """One period of the loop stays; the region is marked and says why, however it was decoded."""
    verdict = replayed(START + LOOP * 900, Config(), draft, drafts=drafts)
    assert verdict.finish is Finish.LOOP
    assert verdict.text == START + LOOP
    assert "runaway repetition" in verdict.reason
    assert verdict.stats.tokens <= PATIENT[1] + 40


def test_takes_the_draft_if_asked() -> None:
    """With ``on_loop="draft"`` the draft stands, marked; the agreement is still that of what was read."""
    draft = START + " where both agree time is won."
    verdict = replayed(START + LOOP * 900, Config(on_loop="draft"), draft)
    assert (verdict.text, verdict.finish) == (draft, Finish.LOOP)
    assert verdict.corrections == ()
    assert verdict.agreement is not None
    assert verdict.agreement < 1
    assert verdict.reason.endswith("the draft stands instead")
    assert replayed(START + LOOP * 900, Config(on_loop="draft"), "").text == START + LOOP


def test_off_runs_to_the_limit() -> None:
    """Without a guard the verifier writes on until its limit."""
    verdict = replayed(START + LOOP * 900, Config(on_loop="off"), limit=2500)
    assert verdict.finish is Finish.LENGTH
    assert verdict.stats.tokens == 2500
    assert verdict.reason == ""
    assert verdict.text.startswith(START + LOOP * 100)


def test_repetition_that_ends_is_left_alone() -> None:
    """A verifier that repeats itself a while and comes to an end has not run away."""
    recorded = START + LOOP * 60 + " but time is won."
    for mode in ("off", "keep", "draft"):
        verdict = replayed(recorded, Config(on_loop=mode), "")
        assert (verdict.text, verdict.finish) == (recorded, Finish.END)


def test_cut_off_in_a_loop_is_degenerate() -> None:
    """At its limit an output that ends in a shorter loop is marked as one, not as merely cut."""
    verdict = replayed(START + LOOP * 900, Config(), limit=600)
    assert (verdict.finish, verdict.text) == (Finish.LOOP, START + LOOP)
    assert replayed("".join(map(str, range(2000))), Config(), limit=600).finish is Finish.LENGTH


def test_a_cut_inside_a_character_leaves_no_half() -> None:
    """A loop of one character in several tokens starts anywhere in it; no broken character is written."""
    verdict = replayed("字" * 1500, Config(), "")
    assert verdict.finish is Finish.LOOP
    assert verdict.text == "字"


class _Pages:
    def write_page(self, regions: tuple[PageRegion, ...], image: Any) -> str:
        return "\n".join(region.text for region in regions)

    def read_page(self, output: str, image: Any) -> tuple[PageRegion, ...]:
        return tuple(PageRegion(Category.TEXT, line) for line in output.split("\n"))


@pytest.mark.parametrize("on_loop", ["keep", "draft"])
def test_a_page_that_loops_keeps_its_regions(on_loop: Any) -> None:
    """Of a page the regions read before the loop stay, or the drafted ones do."""
    loaded: Any = ReplayModel(core_tokenizer(), token_id(END), page=_Pages())
    drafted = tuple(PageRegion(Category.TEXT, text) for text in ("A large model.", "A small draft."))
    verifier = ReplayVerifier(loaded, {0: "A large model\n" + LOOP * 900}, Config(on_loop=on_loop))
    [(_, verdict)] = verifier.verify(iter([Request(0, PIXELS, None, regions=drafted)]))
    assert verdict.finish is Finish.LOOP
    texts = [region.text for region in verdict.regions]
    assert texts == (["A large model", LOOP] if on_loop == "keep" else ["A large model.", "A small draft."])


def looping() -> Any:
    """A model that only sees its last token, so that it must come round again."""
    model = copy.deepcopy(tiny_decoder(4))
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
        model.lm_head.weight[0].zero_()
    return model


def test_a_looping_model_stops() -> None:
    """A real model in a loop writes the same as without a guard, until the loop is noticed."""
    model = looping()
    outputs = []
    for guard in (None, RunawayGuard()):
        engine = Engine(Runner(model, 1), exact, 10**6)
        [one] = engine.run([sequence(model, 0, [3, 7], 3000, ["b"], guard=guard)])
        outputs.append(one)
    free, guarded = outputs
    assert (free.finish, guarded.finish) == (Finish.LENGTH, Finish.LOOP)
    assert guarded.output == free.output[: len(guarded.output)]
    assert guarded.runaway is not None
    period = guarded.runaway.period
    assert len(guarded.kept) <= 12 + period
    assert guarded.kept + guarded.kept[-period:] * 3 == free.output[: len(guarded.kept) + 3 * period]


@given(st.lists(st.integers(1, 11), max_size=20), st.integers(1, 9), st.data())
@settings(max_examples=5, deadline=None)
def test_guarded_output_does_not_depend_on_the_steps(
    before: list[int], period: int, data: st.DataObject
) -> None:
    """Plain or drafted, alone or in a batch, a loop ends at the same token."""
    loop = data.draw(st.lists(st.integers(1, 11), min_size=period, max_size=period))
    truth = before + loop * math.ceil(1200 / period)
    drafts = ["".join(chr(ord("a") + token) for token in truth[:cut]) for cut in (5, len(before) + 30)]
    model = tiny_decoder(0)
    ends = set()
    for texts in ([], drafts[:1], drafts):
        engine = Engine(NoModel(2), Replay({0: truth, 1: truth}), 10**6)  # type: ignore[arg-type]
        made = [sequence(model, key, [1], 10**6, texts, guard=RunawayGuard()) for key in (0, 1)]
        for one in engine.run(made):
            assert one.finish is Finish.LOOP
            ends.add((len(one.output), tuple(one.kept)))
    assert len(ends) == 1


def page_of(verdict: Verdict) -> PageResult:
    """What the page pass makes of ``verdict`` on a page of three laid-out regions."""
    texts = ["A large model.", "A small draft.", "Time is won."]
    boxes = [(10.0, 10.0 + 30 * n, 90.0, 30.0 + 30 * n) for n in range(3)]
    regions = tuple(Region(0, n, box, Category.TEXT) for n, box in enumerate(boxes))
    drafted = DraftedPage(
        document=0,
        result=PageResult(0, 100.0, 100.0),
        regions=regions,
        requests=tuple(
            Request(RequestKey(0, 0, n), PIXELS, Category.TEXT, (Draft(text, "ocr"),))
            for n, text in enumerate(texts)
        ),
        image=np.zeros((100, 100, 3), dtype=np.uint8),
    )
    verdicts = {n: Verdict(text, Finish.UNVERIFIED, reason="not read") for n, text in enumerate(texts)}
    if not verdict.regions:
        verdict = replace(verdict, regions=page_request(drafted, verdicts).regions)
    return page_result(drafted, verdicts, verdict, Mode.PAGE)


def test_only_the_region_in_the_loop_is_marked() -> None:
    """Of a page's output the last region is degenerate; what the page did not come to stays unverified."""
    lines = ("A large model.", "A small draft.", "is lost is lost")
    output = tuple(PageRegion(Category.TEXT, line) for line in lines)
    page = page_of(Verdict("\n".join(lines), Finish.LOOP, regions=output, reason="runaway repetition"))
    found = [(one.text, one.verdict.finish, one.verdict.reason) for one in page.regions]
    assert found[:3] == [
        ("A large model.", Finish.END, ""),
        ("A small draft.", Finish.END, ""),
        ("is lost is lost", Finish.LOOP, "runaway repetition"),
    ]
    assert [(text, finish) for text, finish, _ in found[3:]] == [("Time is won.", Finish.UNVERIFIED)]
    assert page.error is None


def test_a_drafted_page_is_no_reading() -> None:
    """Where the draft stands instead of the page's output, its regions are what they were before."""
    page = page_of(Verdict("drafted", Finish.LOOP, reason="runaway repetition; the draft stands instead"))
    assert [one.text for one in page.regions] == ["A large model.", "A small draft.", "Time is won."]
    assert all(one.verdict.finish is Finish.UNVERIFIED for one in page.regions)
    assert page.error is None
    assert page.verdict is not None
    assert page.verdict.finish is Finish.LOOP
