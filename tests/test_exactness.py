"""Exact mode equals ``generate(do_sample=False)``, token for token, whatever the drafts are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Seq
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, currently_in_test_context, given, reject, settings
from hypothesis import strategies as st
from random_models import BUILDS, checkpoint, core_tokenizer
from torch.utils._pytree import tree_map_only

from docspec.config import Config
from docspec.types import Category, Draft, PageRegion, Request
from docspec.verifiers import engine
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.transformers_vlm import TransformersModel, load

CASES = [
    (family, variant)
    for family, build in BUILDS.items()
    for variant in ("plain", "penalty", "sliding")
    if variant != "sliding" or build.sliding
]
KINDS = ["right", "empty", "garbage", "shifted", "half", "long", "ends", "foreign"]
CATEGORIES = [Category.TEXT, Category.TABLE, Category.FORMULA, None]  # None: the page
NEW_TOKENS = 20
TIE = 1e-5  # logits nearer than this are alike in fp32


class CharacterCodec:
    """One character a token, so that any output, however random, can be written as a draft."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        size = core_tokenizer().get_vocab_size()
        return [(ord(c) - 0x4E00) % size for c in text], list(range(len(text)))

    def decode(self, ids: Seq[int]) -> str:
        return "".join(chr(0x4E00 + token) for token in ids)


@lru_cache
def loaded(family: str, variant: str, seed: int, characters: bool, device: str = "cpu") -> TransformersModel:
    """A random checkpoint of the family, loaded as any other, in fp32."""
    folder = checkpoint(family, variant, seed)
    made = load(folder, Config(verifier=folder, device=device, dtype="float32"))
    if characters:
        made.codec = CharacterCodec()  # type: ignore[assignment]
    return made


def generate(made: TransformersModel, request: Request) -> list[int]:
    """What transformers itself writes for the request.

    Random weights give two tokens the same logit now and then; which one is the greatest is then rounding,
    in ``generate`` as well, so that such a case says nothing and is set aside.
    """
    given = made.profile.inputs(request.image, request.category)
    inputs = tree_map_only(torch.Tensor, lambda value: value.to(made.model.device), given)
    with torch.inference_mode():
        output = made.model.generate(
            **inputs,
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            eos_token_id=list(made.end_tokens),
            return_dict_in_generate=True,
            output_scores=True,
        )
    best = torch.cat(output.scores).topk(2).values  # [tokens, 2]
    if currently_in_test_context() and bool((best[:, 0] - best[:, 1] <= TIE).any()):
        reject()
    tokens: list[int] = output.sequences[0, inputs["input_ids"].shape[1] :].tolist()
    return tokens


def draft(kind: str, truth: str, noise: str) -> str:
    """A draft of the given kind for a sequence whose output is ``truth``."""
    half = len(truth) // 2
    return {
        "right": truth,
        "empty": "",
        "garbage": noise * 3,
        "shifted": truth[3:],
        "half": truth[:half] + noise + truth[half + 2 :],
        "long": (truth + noise) * 10,
        "ends": "<|im_end|>" * 5,
        "foreign": "Ἐν ἀρχῇ ἦν ὁ λόγος 起初 بداية " * 2,
    }[kind]


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int, str, str, Category | None]]]:
    """Up to nine ragged rows: image seed and size, draft kind, noise, category (which sets the prompt)."""
    row = st.tuples(
        st.integers(0, 30),
        st.integers(10, 150),
        st.integers(10, 150),
        st.sampled_from(KINDS),
        st.text(alphabet=[chr(0x4E00 + i) for i in range(340)], max_size=6),
        st.sampled_from(CATEGORIES),
    )
    return draw(st.integers(1, 4)), draw(st.lists(row, min_size=1, max_size=9))


def check(made: TransformersModel, rows: int, cases: list[Any]) -> None:
    """Run the cases in one engine and compare every sequence with ``generate``."""
    requests, truths = [], []
    for key, (seed, height, width, kind, noise, category) in enumerate(cases):
        pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
        truth = generate(made, Request(key, pixels, category))
        text = draft(kind, made.codec.decode(truth), noise)
        requests.append(Request(key, pixels, category, (Draft(text, kind),)))
        truths.append(truth)
    config = Config(max_batch=rows, max_new_tokens=NEW_TOKENS, accept="exact", on_loop="off")
    outputs = decoded(ModelVerifier(made, config), requests)
    assert outputs == dict(enumerate(truths))


def decoded(verifier: ModelVerifier, requests: Iterable[Request]) -> dict[Any, list[int]]:
    """Output tokens by key, as the engine leaves them."""
    run, outputs = verifier.engine.run, {}

    def watched(sequences: Any) -> Iterator[Sequence]:
        for sequence in run(sequences):
            outputs[sequence.key] = sequence.output
            yield sequence

    verifier.engine.run = watched  # type: ignore[method-assign, assignment]
    keys = {key for key, _ in verifier.verify(iter(requests))}
    assert keys == set(outputs)
    return outputs


@pytest.mark.slow
@pytest.mark.parametrize(("family", "variant"), CASES)
@given(batch=batches(), seed=st.integers(0, 1), characters=st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_equals_generate(
    family: str, variant: str, batch: tuple[int, list[Any]], seed: int, characters: bool
) -> None:
    """Random images, prompts, ragged batches and hostile drafts never change a token."""
    check(loaded(family, variant, seed, characters), *batch)


@pytest.mark.parametrize(("family", "variant"), CASES)
def test_equals_generate_with_every_kind_of_draft(family: str, variant: str) -> None:
    """One batch with each kind of draft, of regions and pages, gives what ``generate`` gives."""
    check(loaded(family, variant, 0, True), 3, EVERY_KIND)


EVERY_KIND = [(n, 30 + 9 * n, 120 - 8 * n, kind, "一丁七", CATEGORIES[n % 4]) for n, kind in enumerate(KINDS)]


def request_of(case: tuple[int, int, int, str, str, Category | None]) -> Request:
    """The request of a case, without its draft."""
    seed, height, width, _, _, category = case
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Request(0, pixels, category)


SETTINGS: dict[str, dict[str, Any]] = {
    "no run of two twice": {"no_repeat_ngram_size": 2},
    "counted from the prompt's end": {"min_new_tokens": 12, "begin_suppress_tokens": []},
    "several together": {"repetition_penalty": 1.3, "suppress_tokens": [3, 9], "min_new_tokens": 6},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_equals_generate_with_the_settings_of_the_generation_config(name: str) -> None:
    """Each processor that a checkpoint asks for counts, from the place in the text that it counts from."""
    folder = checkpoint("qwen2_vl", "plain", 0)
    made = load(folder, Config(verifier=folder, device="cpu"))
    made.codec = CharacterCodec()  # type: ignore[assignment]
    written = [generate(made, request_of(case)) for case in EVERY_KIND]
    for setting, value in SETTINGS[name].items():
        if setting == "begin_suppress_tokens":  # what would come first, and second
            value = sorted({token for tokens in written for token in tokens[:2]})
        setattr(made.model.generation_config, setting, value)
    assert [generate(made, request_of(case)) for case in EVERY_KIND] != written
    check(made, 3, EVERY_KIND)


def test_every_end_token_ends() -> None:
    """Of several end tokens whichever the model writes first ends the output, with every kind of draft."""
    folder = checkpoint("qwen2_vl", "plain", 0)
    made = load(folder, Config(verifier=folder, device="cpu"))
    made.codec = CharacterCodec()  # type: ignore[assignment]
    ends = [generate(made, request_of(case))[8] for case in EVERY_KIND]
    made.end_tokens = (*made.end_tokens, *dict.fromkeys(ends))
    check(made, 3, EVERY_KIND)
    assert all(len(generate(made, request_of(case))) <= 9 for case in EVERY_KIND)


@pytest.mark.parametrize("family", sorted(BUILDS))
def test_equals_generate_with_drafts_in_the_familys_formats(family: str) -> None:
    """Pages drafted from their regions, and regions in the model's words, give what ``generate`` gives."""
    made = loaded(family, "plain", 0, False)
    table = "<table><tr><td>lets</td><td>10</td></tr></table>"
    regions = (
        PageRegion(Category.TITLE, "Speculative decoding", (10, 5, 80, 20), 1),
        PageRegion(Category.TEXT, "A small model drafts, a large one verifies.", (10, 25, 80, 50)),
        PageRegion(Category.TABLE, table, (10, 55, 80, 70)),
    )
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (90, 80 + 20 * k, 3), dtype=np.uint8) for k in range(3)]
    requests = [
        Request(0, images[0], None, regions=regions),
        Request(1, images[1], Category.TABLE, (Draft(table, "text-layer"),)),
        Request(2, images[2], None, regions=regions[1:]),
    ]
    config = Config(max_batch=2, max_new_tokens=NEW_TOKENS, accept="exact", on_loop="off")
    outputs = decoded(ModelVerifier(made, config), requests)
    assert outputs == {request.key: generate(made, request) for request in requests}


def test_right_draft_takes_one_pass() -> None:
    """A perfect draft rides in the prefill and ends in it."""
    made = loaded("qwen2_vl", "plain", 0, True)
    pixels = np.full((40, 90, 3), 90, dtype=np.uint8)
    text = made.codec.decode(generate(made, Request(0, pixels, Category.TEXT)))
    verifier = ModelVerifier(made, Config(max_new_tokens=NEW_TOKENS))
    request = Request(0, pixels, Category.TEXT, (Draft(text, "right"),))
    [(_, verdict)] = verifier.verify(iter([request]))
    assert verdict.stats.steps == 1
    assert verdict.stats.tokens == NEW_TOKENS


def test_out_of_memory_halves_the_batch_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """After running out of memory the rows go on from where they were, fewer at a time."""
    made = loaded("qwen2_vl", "plain", 0, True)
    rng = np.random.default_rng(1)
    requests = [
        Request(k, rng.integers(0, 255, (40, 60 + k, 3), dtype=np.uint8), Category.TEXT) for k in range(5)
    ]
    verifier = ModelVerifier(made, Config(max_batch=4, max_new_tokens=NEW_TOKENS))
    step, calls = verifier.engine.runner.step, []

    def failing(*arguments: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 3:
            raise torch.OutOfMemoryError("simulated")
        return step(*arguments)

    monkeypatch.setattr(verifier.engine.runner, "step", failing)
    outputs = decoded(verifier, requests)
    assert verifier.engine.max_rows == 2
    assert outputs == {request.key: generate(made, request) for request in requests}


def test_rows_that_ended_before_memory_ran_out_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one prefill ends its row and the next one fails, the first row's output is kept."""
    made = loaded("qwen2_vl", "plain", 0, True)
    rng = np.random.default_rng(2)
    pixels = [rng.integers(0, 255, (40, 60 + k, 3), dtype=np.uint8) for k in range(3)]
    requests = [Request(key, image, Category.TEXT) for key, image in enumerate(pixels)]
    verifier = ModelVerifier(made, Config(max_batch=3, max_new_tokens=1))
    monkeypatch.setattr(engine, "PREFILL_TOKENS", 1)  # a pass for each
    prefill, rows = verifier.engine.runner.prefill, []

    def failing(*arguments: Any) -> torch.Tensor:
        rows.append(len(arguments[0]))
        if len(rows) == 2:
            raise torch.OutOfMemoryError("simulated")
        return prefill(*arguments)

    monkeypatch.setattr(verifier.engine.runner, "prefill", failing)
    outputs = decoded(verifier, requests)
    assert rows == [1, 1, 1, 1]
    assert outputs == {request.key: generate(made, request)[:1] for request in requests}
