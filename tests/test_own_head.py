"""A checkpoint's own head: what it proposes, that it never changes a token, and what it costs."""

from __future__ import annotations

import copy
import itertools
import json
import logging
from collections.abc import Callable
from collections.abc import Sequence as Seq
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from own_heads import COUNT, PREFIX, add_weights, loaded_with_head, published, random_head
from random_models import save_checkpoint
from safetensors.torch import load_file, save_file
from tape import TapeRecorder
from test_engine_hostile import DRAFTS, ROWS, Failing
from test_engine_hostile import check as equal_generate
from test_exactness import EVERY_KIND, CharacterCodec, batches, check
from tiny_decoder import VOCABULARY, sequence, tiny_decoder

from docspec.config import Config
from docspec.errors import ModelError
from docspec.verifiers import own_head
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.own_head import OwnHead
from docspec.verifiers.own_head_layer import HeadLayer, head_settings, load_head
from docspec.verifiers.own_proposals import MOST, OwnProposals, worth_asking
from docspec.verifiers.payoff import Payoff
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt, Sequence
from docspec.verifiers.transformers_vlm import load
from docspec.verifiers.window import AcceptanceRate, AssumedCost

FAMILIES = list(COUNT)
DECODERS = ["attention", "delta net"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Heads are asked in every step, whether that pays or not: how many tokens, each time."""
    counts: list[int] = []
    propose = OwnHead.propose

    def counted(self: OwnHead, rows: Seq[int], *arguments: Any) -> list[list[int]]:
        counts.append(arguments[-1])
        return propose(self, rows, *arguments)

    monkeypatch.setattr(OwnHead, "propose", counted)
    always(monkeypatch)
    return counts


def always(patch: pytest.MonkeyPatch) -> None:
    """Have heads asked for 1 to ``MOST`` tokens in every step, also instead of drafts, whether it pays."""
    lengths = itertools.cycle(range(1, MOST + 1))
    patch.setattr(Payoff, "record", lambda *_: None)
    patch.setattr(OwnProposals, "_length", lambda *_: next(lengths))
    patch.setattr(OwnProposals, "_better", lambda *_: True)


def tiny_head(kind: str, seed: int = 0) -> HeadLayer:
    """A random head of a tiny decoder."""
    return random_head(tiny_decoder(kind=kind), "glm_ocr" if seed % 2 else "qwen3_5", seed)


@pytest.mark.parametrize("variant", ["plain", "penalty"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_random_head_never_changes_a_token(family: str, variant: str, asked: list[int]) -> None:
    """Its proposals are hostile drafts: with every other kind of draft, the output is ``generate``'s."""
    made = loaded_with_head(family, variant)
    made.codec = CharacterCodec()  # type: ignore[assignment]
    check(made, 3, EVERY_KIND)
    assert len(asked) > 5


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@given(batch=batches(), seed=st.integers(0, 1))
@settings(max_examples=20, deadline=None)
def test_a_random_head_beside_any_draft(family: str, batch: tuple[int, list[Any]], seed: int) -> None:
    """Random images, prompts, ragged batches and drafts."""
    made = loaded_with_head(family, "plain", seed)
    made.codec = CharacterCodec()  # type: ignore[assignment]
    check(made, *batch)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("record", [False, True])
@given(
    rows=ROWS,
    batch=st.integers(1, 6),
    budget=st.sampled_from([7, 30, 10**6]),
    failing=st.sets(st.integers(1, 9), max_size=2),
    seed=st.integers(0, 1),
)
@settings(max_examples=12, deadline=None)
def test_nothing_changes_the_output(
    rows: list[Any], batch: int, budget: int, failing: set[int], seed: int, record: bool, decoder: str
) -> None:
    """Rows that come, go and move, tiny budgets and memory failures, recorded passes and others."""
    model = tiny_decoder(kind=decoder)
    failing = failing if batch >= 4 and len(rows) >= 4 and not record else set()
    runner = Failing(model, batch, failing, tiny_head(decoder, seed))
    if record:
        runner.record(TapeRecorder)
    made = [
        sequence(model, key, prompt, limit, DRAFTS[kind]) for key, (prompt, kind, limit) in enumerate(rows)
    ]
    engine = Engine(runner, exact, budget)
    try:
        done = list(engine.run(made))
    except ModelError as error:
        assert engine.max_rows == 1 and "out of memory" in str(error)  # noqa: PT017, PT018
        return
    equal_generate(done, len(rows), decoder)


@pytest.mark.parametrize("failing", range(2, 11))
def test_what_was_proposed_for_a_step_without_memory_is_forgotten(failing: int) -> None:
    """Its rows are read again from their prompts; no window of that pass is taken for the head's."""
    model = tiny_decoder(kind="attention")
    runner = Failing(model, 4, {failing}, tiny_head("attention", 1))
    runner.cost = AssumedCost(10**6)
    made = [sequence(model, i, [3 + i, 5, 7], 12, DRAFTS[kind]) for i, kind in enumerate([*DRAFTS][1:7])]
    equal_generate(list(Engine(runner, exact, 10**6).run(made)), 6, "attention")


def alone(model: Any, head: HeadLayer, prompt: Prompt, output: Seq[int], count: int) -> list[int]:
    """What the head proposes for one row, worked out from its whole text without any cache."""
    embed, found = model.get_input_embeddings(), list[int]()
    with torch.inference_mode():
        embeds = torch.cat([prompt.embeds, embed(torch.tensor(output))])[None]
        after = prompt.following + torch.arange(len(output) + count)
        positions = torch.cat([prompt.positions, after.expand(len(prompt.positions), -1)], dim=1)[:, None]
        own = positions[:, :, : embeds.shape[1]]
        states = model.get_decoder()(
            inputs_embeds=embeds, position_ids=own if len(own) > 1 else own[0], use_cache=False
        ).last_hidden_state[:, :-1]
        known = embeds[:, 1:]
        for _ in range(count):
            size = known.shape[1]
            mask = torch.ones(size, size, dtype=torch.bool).tril()[None, None]
            token, last = head(known, states, positions[:, :, :size], mask, None)
            found.append(int(token))
            known, states = torch.cat([known, embed(token)[None]], dim=1), torch.cat([states, last], dim=1)
    return found


def compare(patch: pytest.MonkeyPatch, model: Any) -> list[int]:
    """Have every proposal of a head worked out once more by ``alone``; the rows that this was done for."""
    propose, done = OwnHead.propose, list[int]()

    def both(
        self: OwnHead, rows: Seq[int], prompts: Seq[Prompt], outputs: Seq[Seq[int]], count: int
    ) -> list[list[int]]:
        found = propose(self, rows, prompts, outputs, count)
        pairs = zip(prompts, outputs, strict=True)
        assert found == [alone(model, self.layer, *pair, count) for pair in pairs]
        done.extend(rows)
        return found

    patch.setattr(OwnHead, "propose", both)
    always(patch)
    return done


@pytest.mark.parametrize("apart", [own_head.APART, 3])
@pytest.mark.parametrize("decoder", DECODERS)
def test_ragged_rows_are_proposed_for_as_each_alone(
    decoder: str, apart: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was written since a row was last asked, accepted, refused or moved, what is proposed for it
    is what its whole text gives; also where it catches up in several passes."""
    monkeypatch.setattr(own_head, "APART", apart)
    monkeypatch.setattr(own_head, "PIECE", 5)
    model = tiny_decoder(kind=decoder)
    compared = compare(monkeypatch, model)
    texts = ["", "bcdef", "lkjihg" * 3, "aaaa"]
    made = [
        sequence(
            model, key, [1 + (7 * key * k) % (VOCABULARY - 1) for k in range(1, 3 + 2 * key)], 30, [text]
        )
        for key, text in enumerate(texts * 2)
    ]
    runner = Runner(model, 3, head=tiny_head(decoder))
    equal_generate(list(Engine(runner, exact, 10**6).run(made)), len(made), decoder)
    assert len(compared) > 10


@pytest.mark.parametrize("family", FAMILIES)
def test_pages_are_proposed_for_as_each_alone(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with an image in the prompt, its embeddings and its positions."""
    made = loaded_with_head(family)
    made.codec = CharacterCodec()  # type: ignore[assignment]
    compared = compare(monkeypatch, made.model)
    check(made, 3, EVERY_KIND)
    assert len(compared) > 5


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_right_head_saves_steps(decoder: str, asked: list[int]) -> None:
    """Where the next token depends on the last one alone, a head that knows this is always right."""
    model = copy.deepcopy(tiny_decoder(kind=decoder))
    head = HeadLayer(model, chains_normed=True)
    with torch.no_grad():
        for part in (model, head):  # layers that add nothing
            for name, weight in part.named_parameters():
                if any(last in name for last in ("o_proj.", "out_proj.", "down_proj.")):
                    weight.zero_()
        size = head.joined.weight.shape[0]
        head.joined.weight.copy_(torch.eye(size, 2 * size))  # the token's embedding, and nothing of the state
    engines = [
        Engine(Runner(model, 2, head=head), exact, 10**6),
        Engine(Runner(model, 2), exact, 10**6, drafts=False),
    ]
    done, plain = (list(engine.run(endless(model, 60))) for engine in engines)
    assert {one.key: one.output for one in done} == {one.key: one.output for one in plain}
    assert asked
    assert engines[0].proposals.own.rate.misses < AcceptanceRate().misses  # none since the beginning
    assert all(one.steps < 0.5 * one.limit for one in done)


def endless(model: Any, limit: int) -> list[Sequence]:
    """Three sequences that nothing ends before their limit."""
    return [sequence(model, key, [3, 1 + key], limit, end_tokens=frozenset()) for key in range(3)]


def test_a_head_that_does_not_pay_is_asked_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long text's steps only the first ones, and later a few."""
    model = tiny_decoder()
    wanted = [one.output for one in Engine(Runner(model, 1), exact, 10**6).run(endless(model, 400))]
    asked, propose = list[int](), OwnHead.propose

    def wrong(
        self: OwnHead, rows: Seq[int], prompts: Seq[Prompt], outputs: Seq[Seq[int]], count: int
    ) -> list[list[int]]:
        asked.append(1)
        propose(self, rows, prompts, outputs, count)
        coming = [next(one for one in wanted if one[: len(output)] == output) for output in outputs]
        return [[(one[len(output)] + 1) % VOCABULARY] for one, output in zip(coming, outputs, strict=True)]

    monkeypatch.setattr(OwnHead, "propose", wrong)
    monkeypatch.setattr(OwnProposals, "_length", lambda *_: 1)
    engine = Engine(Runner(model, 1, head=tiny_head("attention")), exact, 10**6)
    assert [one.output for one in engine.run(endless(model, 400))] == wanted
    assert 0 < len(asked) < engine.steps / 3


def test_a_head_that_fails_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The text is written without it, and a warning says why."""
    monkeypatch.setattr(HeadLayer, "forward", lambda *_: 1 / 0)
    made = [sequence(tiny_decoder(), key, [3, 1 + key], 25) for key in range(3)]
    runner = Runner(tiny_decoder(), 2, head=tiny_head("attention"))
    with caplog.at_level(logging.WARNING):
        equal_generate(list(Engine(runner, exact, 64).run(made)), 3)
    assert ["ZeroDivisionError" in record.getMessage() for record in caplog.records] == [True]


@given(st.floats(0.01, 0.99), st.floats(1e-6, 1.0), st.floats(1e-6, 1.0))
def test_more_tokens_are_asked_for_while_they_pay(rate: float, worth: float, cost: float) -> None:
    """One at least; of the others each that is asked for pays by itself, and the next one would not."""
    length = worth_asking(rate, worth, cost)
    assert 1 <= length <= MOST
    assert length == 1 or rate**length * worth > cost
    assert length == MOST or rate ** (length + 1) * worth <= cost
    assert worth_asking(rate, worth, 2 * cost) <= length


def test_the_layer_computes_what_transformers_does() -> None:
    """The same weights in transformers' own layer of this kind give the same states."""
    layers = pytest.importorskip("transformers.modeling_layers")
    if not hasattr(layers, "MtpLayer"):
        pytest.skip("this transformers has no such layer")
    model = tiny_decoder()
    head = tiny_head("attention")
    settings_ = head_settings(model.config)
    decoder = model.get_decoder()
    other = layers.MtpLayer(settings_, type(decoder.layers[-1]), type(decoder.norm), 0)
    names = {"embedding_norm": "enorm", "hidden_norm": "hnorm", "joined": "eh_proj", "norm": "post_norm"}
    names["block"] = "mtp_block"
    weights = head.state_dict()
    other.load_state_dict(
        {".".join([names[k.split(".")[0]], *k.split(".")[1:]]): w for k, w in weights.items()}
    )
    torch.manual_seed(1)
    embeds, states = torch.randn(2, 2, 5, settings_.hidden_size)
    places = torch.arange(5).expand(1, 2, 5)
    mask = torch.ones(5, 5, dtype=torch.bool).tril().expand(2, 1, 5, 5)
    with torch.inference_mode():
        angles = decoder.rotary_emb(states, position_ids=places[0])
        wanted = other(embeds, states, angles, mask, places[0], None)[:, -1:]
        tokens, found = head(embeds, states, places, mask, None)
        assert torch.equal(tokens, model.lm_head(wanted)[:, 0].argmax(-1))
    assert torch.allclose(found, wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_are_taken_by_their_published_names(family: str, tmp_path: Path) -> None:
    """Of one file as of several, each weight where it belongs."""
    save_checkpoint(tmp_path, family, 5)
    model = transformers.AutoModelForImageTextToText.from_pretrained(tmp_path)
    head = random_head(model, family, 3)
    add_weights(tmp_path, family, published(family, head))
    setattr(model.config.get_text_config(), COUNT[family], 1)
    for sharded in (False, True):
        if sharded:
            in_shards(tmp_path)
        found = load_head(str(tmp_path), model, local_files_only=True)
        assert found is not None
        assert found.chains_normed == (family == "qwen3_5")
        assert found.state_dict().keys() == head.state_dict().keys()
        for name, weight in head.state_dict().items():
            assert torch.equal(found.state_dict()[name], weight)


def in_shards(folder: Path) -> None:
    """Write a checkpoint of one file as one of three."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names, shards = sorted(weights), dict[str, str]()
    for number in range(3):
        file = f"model-{number + 1:05}-of-00003.safetensors"
        part = {name: weights[name] for name in names[number::3]}
        save_file(part, folder / file, metadata={"format": "pt"})
        shards |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": shards}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


FAULTS: dict[str, tuple[Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]], str]] = {
    "none": (lambda weights: {}, "its weights are not in the checkpoint"),
    "one missing": (
        lambda weights: dict(list(weights.items())[1:]),
        "1 of its weights are not in the checkpoint, ",
    ),
    "another shape": (
        lambda weights: weights | {key: weights[key][:1] for key in list(weights)[:1]},
        "1 of its weights do not fit the model's decoder layer, ",
    ),
    "one more": (
        lambda weights: weights | {f"{next(iter(weights))}.scale": torch.ones(1)},
        "1 of its weights do not fit the model's decoder layer, ",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_that_is_not_there_is_done_without(
    family: str, fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The model is loaded, and a warning says what is wrong with its head."""
    change, message = FAULTS[fault]
    save_checkpoint(tmp_path, family, 5)
    model = transformers.AutoModelForImageTextToText.from_pretrained(tmp_path)
    add_weights(tmp_path, family, change(published(family, random_head(model, family, 3))))
    with caplog.at_level(logging.WARNING, logger="docspec"):
        made = load(str(tmp_path), Config(verifier=str(tmp_path), device="cpu", check=False))
    assert made.head is None
    [record] = [one for one in caplog.records if one.name.startswith("docspec")]
    assert message in record.getMessage()
    if fault in ("another shape", "one more"):
        assert PREFIX[family] in record.getMessage()


def test_a_checkpoint_without_a_head_has_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said where nothing is missing."""
    save_checkpoint(tmp_path, "qwen2_vl", 0)
    with caplog.at_level(logging.WARNING, logger="docspec"):
        made = load(str(tmp_path), Config(verifier=str(tmp_path), device="cpu", check=False))
    assert made.head is None
    assert not [one for one in caplog.records if one.name.startswith("docspec")]
