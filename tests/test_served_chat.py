"""Chat completions: what is posted, and how an answer is ended and counted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from chat_server import completion, speculated
from hypothesis import given
from hypothesis import strategies as st
from random_models import END, core_tokenizer, token_id

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.tree import Tree
from docspec.types import Category, DecodeStats
from docspec.verifiers.acceptance import Accepted
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.profiles.mineru import MinerU
from docspec.verifiers.runaway import RunawayGuard
from docspec.verifiers.sequence import Prompt, Sequence
from docspec.verifiers.served.chat import Card, answer_of, body_of, card_of, output_of, stats_of
from docspec.verifiers.served.exchange import Refused
from docspec.verifiers.served.question import Answer, Question

LIMIT = 1500
CODEC = TokenizerCodec(core_tokenizer())
FAMILY: Any = SimpleNamespace(codec=CODEC, end_tokens=(token_id(END),))


def decoded(tokens: list[int], guard: RunawayGuard | None) -> Sequence:
    """What our own engine makes of a model that writes ``tokens``."""
    prompt = Prompt(torch.empty(0, 1), torch.full((1, 1), -1))
    cursor, draft = DraftCursor([], CODEC, None), DraftedNext("", CODEC, 0)
    sequence = Sequence("a", prompt, cursor, frozenset(FAMILY.end_tokens), LIMIT, draft, guard=guard)
    for token in tokens:
        if sequence.finish is None:
            sequence.emit(Tree.chain([]), Accepted([], [token]))
    return sequence


Loops = st.tuples(st.lists(st.integers(40, 44), min_size=1, max_size=5), st.integers(1, 400))


@given(st.lists(Loops, max_size=6), st.booleans(), st.booleans())
def test_an_answer_ends_as_in_our_own_engine(loops: list[Any], end: bool, guarded: bool) -> None:
    """Kept tokens, the reason of the end and the loop are the same, whatever repeats, wherever it is cut."""
    written = [token for period, times in loops for token in period * times][: LIMIT - 1]
    tokens = [*written, token_id(END)] if end else (written + [50] * LIMIT)[:LIMIT]
    own = decoded(tokens, RunawayGuard() if guarded else None)
    answer = Answer("", tuple(tokens), end, DecodeStats(), speculated=False)
    output = output_of(answer, FAMILY, RunawayGuard() if guarded else None)
    assert (output.tokens, output.finish, output.runaway) == (own.kept, own.finish, own.runaway)


Step = tuple[int, int]  # draft tokens of a step and how many of them were accepted
Windows = st.tuples(st.integers(1, 64), st.integers(0, 64)).map(lambda step: (step[0], min(step)))
Plain = st.just((0, 0))


def written(steps: list[Step], cut: int) -> tuple[int, dict[str, int]]:
    """Tokens of an answer and vLLM's counts: a step's accepted tokens and one more, the prompt's step first;
    of the last step's, an end token leaves ``cut`` unwritten."""
    counts = {
        "num_accepted_draft_tokens": sum(accepted for _, accepted in steps),
        "num_draft_tokens": sum(drafted for drafted, _ in steps),
        "num_spec_steps": sum(drafted > 0 for drafted, _ in steps),
    }
    return 1 + sum(accepted + 1 for _, accepted in steps) - cut, counts


@given(st.lists(Windows, max_size=12), st.integers(0, 64))
def test_steps_are_exact_where_all_had_a_window(steps: list[Step], cut: int) -> None:
    """Also where a drafted end token was accepted, whatever came after it; accepted tokens are written
    ones."""
    cut = min(cut, steps[-1][1]) if steps else 0
    tokens, counts = written(steps, cut)
    stats = stats_of(tokens, counts)
    assert (stats.tokens, stats.steps) == (tokens, 1 + len(steps))
    assert stats.drafted == sum(drafted for drafted, _ in steps)
    if steps:
        own = sum(accepted for _, accepted in steps[:-1]) + min(steps[-1][1], steps[-1][1] + 1 - cut)
        assert stats.accepted == own


@given(st.lists(st.one_of(Windows, Plain), max_size=12), st.booleans())
def test_steps_are_exact_where_the_end_was_not_drafted(steps: list[Step], ended: bool) -> None:
    """With steps without a window too; else an accepted end token may hide one of those."""
    cut = int(ended and bool(steps) and steps[-1][1] > 0)
    tokens, counts = written(steps, cut)
    found = stats_of(tokens, counts).steps
    assert 1 + len(steps) - cut <= found <= 1 + len(steps)


@given(st.integers(0, 500), st.integers(0, 600), st.integers(0, 900), st.integers(0, 99))
def test_counts_that_cannot_be_do_no_harm(tokens: int, accepted: int, drafted: int, steps: int) -> None:
    """A server may say anything: every output took a step, and no more than it has tokens."""
    counts = {"num_accepted_draft_tokens": accepted, "num_draft_tokens": drafted, "num_spec_steps": steps}
    stats = stats_of(tokens, counts)
    assert stats.tokens == tokens
    assert (stats.steps > 0) == (tokens > 0)
    assert 0 <= stats.accepted <= tokens
    assert stats.steps <= tokens


def test_without_counts_the_steps_are_unknown() -> None:
    """Tokens only."""
    answer = answer_of(completion("a b", [40, 41]))
    assert (answer.stats, answer.speculated) == (DecodeStats(2), False)
    assert answer_of(completion("a b", [40, 41], **speculated(1, 3))).stats == DecodeStats(2, 1, 3, 2)


@pytest.mark.parametrize("reply", [None, [], {}, {"choices": []}, {"choices": [{"message": None}]}, "text"])
def test_what_is_no_completion_is_an_error(reply: Any) -> None:
    """Whatever a proxy may answer."""
    with pytest.raises(ValueError, match="no chat completion"):
        answer_of(reply)


def test_an_empty_message_is_empty_text() -> None:
    """Some servers write null."""
    reply = completion("", [token_id(END)])
    reply["choices"][0]["message"]["content"] = None
    assert answer_of(reply).text == ""


def test_the_model_is_found_by_name_or_folder() -> None:
    """As it is served, or by where the server has it; another is refused with what there is."""
    cards = {"data": [{"id": "x"}, {"id": "m", "root": "a/b", "owned_by": "vllm", "max_model_len": 99}]}
    assert card_of(cards, "a/b") == card_of(cards, "m") == Card("m", True, 99)
    assert card_of(cards, "x") == Card("x")
    with pytest.raises(Refused, match="serves x, m, not y"):
        card_of(cards, "y")
    with pytest.raises(Refused, match="no model"):
        card_of(None, "y")


def test_a_family_with_a_system_prompt_sends_it() -> None:
    """What a server's chat template is given is what the profile's own would be: system prompt and turn."""
    family: Any = SimpleNamespace(profile=MinerU(None, None, None))
    question = Question(np.zeros((1, 1, 3), dtype=np.uint8), Category.TABLE, ())
    system, turn = body_of(question, b"", Card("mineru", False, None), family, 9)["messages"]
    assert system == {"role": "system", "content": "You are a helpful assistant."}
    assert turn["role"] == "user"
    assert [part["type"] for part in turn["content"]] == ["image_url", "text"]
    assert turn["content"][1]["text"] == "\nTable Recognition:"
