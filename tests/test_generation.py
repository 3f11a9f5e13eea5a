"""The generation config: each field of it is done as ``generate`` does it, without effect, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from random_models import checkpoint
from tiny_decoder import VOCABULARY, sequence, tiny_decoder
from transformers import GenerationConfig, LogitsProcessorList, RepetitionPenaltyLogitsProcessor

from docspec.config import Config
from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.types import Category, Draft, Finish, Request
from docspec.verifiers.decide import ExactWithProcessors
from docspec.verifiers.generation import KNOWN, REFUSED, fields, refuse_unsupported
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.transformers_vlm import TransformersModel, load

TOKENS = 14
ACTIVE: dict[str, Any] = {
    "num_beams": 4,
    "num_beam_groups": 2,
    "num_return_sequences": 2,
    "guidance_scale": 1.5,
    "penalty_alpha": 0.6,
    "token_healing": True,
    "max_time": 9.0,
    "dola_layers": "high",
    "constraints": [1],
    "force_words_ids": [[1]],
    "cache_implementation": "quantized",
    "watermarking_config": {"ngram_len": 5, "keys": [1]},
}


def loaded(**settings: Any) -> TransformersModel:
    """A small random Qwen2-VL whose generation config has these ``settings``."""
    folder = checkpoint("qwen2_vl", "plain", 0)
    made = load(folder, Config(verifier=folder, device="cpu", check=False))
    generation = made.model.generation_config
    for name, value in settings.items():
        setattr(generation, name, value)
    return TransformersModel(folder, made.model, made.profile.tokenizer, made.profile)


def request(key: int, text: str = "") -> Request:
    image = np.random.default_rng(key).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    return Request(key, image, Category.TEXT, (Draft(text, "test"),))


def generated(made: TransformersModel, asked: Request, **more: Any) -> list[int]:
    """What ``generate`` writes by the model's own generation config, up to TOKENS."""
    inputs = made.profile.inputs(asked.image, asked.category)
    with torch.inference_mode():
        output = made.model.generate(
            **inputs, do_sample=False, tokenizer=made.profile.tokenizer, **({"max_new_tokens": TOKENS} | more)
        )
    tokens: list[int] = output[0, inputs["input_ids"].shape[1] :].tolist()
    return tokens


def decoded(made: TransformersModel, asked: list[Request], limit: int = TOKENS) -> list[Sequence]:
    """The engine's sequences of the same requests, in their order."""
    verifier = ModelVerifier(made, Config(max_batch=3, max_new_tokens=limit, accept="exact", on_loop="off"))
    finished: list[Sequence] = []
    run = verifier.engine.run

    def watched(sequences: Any) -> Any:
        for one in run(sequences):
            finished.append(one)
            yield one

    verifier.engine.run = watched  # type: ignore[method-assign]
    list(verifier.verify(asked))
    return sorted(finished, key=lambda sequence: str(sequence.key))


def test_every_field_is_known_of() -> None:
    """A field that a later transformers adds fails here; a checkpoint that sets one is refused till then."""
    assert fields() - KNOWN == set()
    assert set(ACTIVE) == set(REFUSED)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_not_done_is_refused_by_name(name: str) -> None:
    """Beams, guidance and the like are refused, and not where their value changes nothing."""
    with pytest.raises(ModelError, match=name):
        loaded(**{name: ACTIVE[name]})
    harmless = {"num_beams": 1, "num_beam_groups": 1, "guidance_scale": 1.0, "cache_implementation": "static"}
    settings = GenerationConfig()
    setattr(settings, name, harmless.get(name))
    refuse_unsupported(settings)


def test_a_field_of_a_later_version_is_refused_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what it does; unset it does nothing. What is no field of transformers' is not asked."""
    settings = GenerationConfig()
    vars(settings)["chat_format"] = "its own"
    monkeypatch.setattr("docspec.verifiers.generation.fields", lambda: {"new_one", "eos_token_id"})
    refuse_unsupported(settings)
    vars(settings)["new_one"] = 3
    with pytest.raises(ModelError, match="new_one to 3"):
        refuse_unsupported(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"encoder_repetition_penalty": 3.0},
        {"encoder_no_repeat_ngram_size": 1},
        {"forced_eos_token_id": 7},
        {"sequence_bias": [[[5], 30.0], [[9], 31.0]], "bad_words_ids": [[9]]},
        {"exponential_decay_length_penalty": (3, 3.0)},
        {"watermarking_config": {"greenlist_ratio": 0.2, "bias": 9.0}},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_that_processors_do(settings: dict[str, Any]) -> None:
    """The engine's tokens are those of ``generate`` by the same settings, and not those without."""
    plain = loaded()
    before = [generated(plain, request(key)) for key in range(3)]
    made = loaded(**settings)
    truths = [generated(made, request(key)) for key in range(3)]
    assert truths != before
    drafted = [request(key, made.codec.decode(truth)) for key, truth in enumerate(truths)]
    assert [one.output for one in decoded(made, drafted)] == truths


def test_its_bound_on_tokens_counts() -> None:
    """An output ends where the generation config or the configuration says, whichever comes first."""
    made = loaded(max_new_tokens=6)
    [short] = decoded(made, [request(0)])
    assert short.output == generated(made, request(0), max_new_tokens=6)
    assert (len(short.output), short.finish) == (6, Finish.LENGTH)
    assert len(decoded(made, [request(0)], limit=4)[0].output) == 4


def test_stop_strings_end_an_output() -> None:
    """The output ends with the token that completes a stop string, in a draft's window as well."""
    plain = loaded()
    whole = [generated(plain, request(key)) for key in range(3)]
    texts = [plain.profile.tokenizer.decode(tokens) for tokens in whole]
    stop = next(text[5:7] for text in texts if text[5:7].isascii())
    made = loaded(stop_strings=[stop])
    truths = [generated(made, request(key)) for key in range(3)]
    assert sum(map(len, truths)) < sum(map(len, whole))
    drafted = [request(key, text) for key, text in enumerate(texts)]
    done = decoded(made, drafted)
    assert [one.output for one in done] == truths
    assert any(one.finish is Finish.END for one in done)


def test_each_of_several_end_tokens_ends_an_output() -> None:
    """An output ends with whichever of the generation config's end tokens comes first, in a draft as well."""
    plain = loaded()
    whole = [generated(plain, request(key)) for key in range(3)]
    end = plain.model.generation_config.eos_token_id
    made = loaded(eos_token_id=[end, whole[0][4], whole[1][6]])
    assert made.end_tokens == (end, whole[0][4], whole[1][6])
    truths = [generated(made, request(key)) for key in range(3)]
    assert sum(map(len, truths)) < sum(map(len, whole))
    drafted = [request(key, plain.codec.decode(tokens)) for key, tokens in enumerate(whole)]
    for asked in (drafted, [request(key) for key in range(3)]):
        assert [one.output for one in decoded(made, asked)] == truths


def test_a_stop_string_may_begin_in_the_prompt() -> None:
    """Its end alone is the output's, as in ``generate``, which looks at the whole text."""
    plain = loaded()
    firsts = {key: generated(plain, request(key))[0] for key in range(20)}
    texts = {key: plain.profile.tokenizer.decode([first]) for key, first in firsts.items()}
    chosen = next(key for key, text in texts.items() if text.isascii() and text.isprintable())
    made = loaded(stop_strings=["\n" + texts[chosen]])
    truth = generated(made, request(chosen))
    assert truth == [firsts[chosen]]
    assert [one.output for one in decoded(made, [request(chosen, "nothing of it")])] == [truth]


def test_processors_are_those_of_each_sequences_own_prompt() -> None:
    """In a batch each row's tokens come of the processors that were made for its prompt."""
    decide = ExactWithProcessors(lambda ids: lambda seen, scores: torch.eye(VOCABULARY)[list(ids[:1])])
    rows = [sequence(tiny_decoder(), key, [3 + key, 1], 5) for key in range(2)]
    accepted = decide(rows, [Tree.chain([])] * 2, torch.zeros(2, 1, VOCABULARY))
    assert [one.tokens for one in accepted] == [[3], [4]]


@pytest.mark.parametrize("by_set", [False, True])
def test_settings_are_applied_in_single_precision(by_set: bool) -> None:
    """As in generate: in the model's own narrow type a penalty would round to what wins a tie here."""
    logits = torch.zeros(1, 1, VOCABULARY, dtype=torch.bfloat16)
    logits[..., 3], logits[..., 5] = 105.5, 100.5  # 105.5 / 1.05 is 100.48, in bfloat16 100.5
    processors = LogitsProcessorList([RepetitionPenaltyLogitsProcessor(1.05)])
    decide = ExactWithProcessors(lambda _: processors, by_set=by_set)
    row = sequence(tiny_decoder(), 0, [3], 5)
    assert [one.tokens for one in decide([row], [Tree.chain([])], logits)] == [[5]]
