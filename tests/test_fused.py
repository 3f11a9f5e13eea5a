"""Fused acceptance: draft and verifier weighed against each other, the same whatever windows were sent."""

from __future__ import annotations

import random
from collections.abc import Sequence as Seq

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_decoder import END, VOCABULARY, LetterCodec

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.tree import Tree
from docspec.verifiers.decide import Decide, Fused, exact, log_odds
from docspec.verifiers.sequence import Prompt, Sequence

LIMIT = 40
LETTERS = "bcdefghijkl"  # a is the end token
TEXTS = st.text(LETTERS, max_size=24)
TREES = st.lists(st.lists(st.integers(0, VOCABULARY - 1), max_size=6), max_size=3)


def logits_after(seed: int, output: tuple[int, ...], script: str) -> torch.Tensor:
    """A model's logits [V]: it would write ``script``, with doubts that depend on ``output`` and ``seed``."""
    noise = random.Random(repr((seed, output)))
    values = torch.tensor([noise.gauss(0, 2) for _ in range(VOCABULARY)])
    wanted, _ = LetterCodec().encode(script)
    values[wanted[len(output)] if len(output) < len(wanted) else END] += 3.0
    return values


def decoded(decide: Decide, seed: int, draft: str, script: str, windows: random.Random | None) -> list[int]:
    """What is emitted where windows end anywhere, with garbage among them, or where none are sent."""
    codec = LetterCodec()
    prompt = Prompt(torch.zeros(1, 4), torch.zeros(1, 1, dtype=torch.long), following=1)
    cursor, beside = DraftCursor([draft], codec, END), DraftedNext(draft, codec, END)
    sequence = Sequence("key", prompt, cursor, frozenset((END,)), LIMIT, beside, confidence=0.9)
    while sequence.finish is None:
        tree = Tree.chain([])
        if windows is not None:
            tree = cursor.propose(windows.randint(0, 9), windows.randint(0, 3))
            if windows.random() < 0.3:
                tree = Tree.merge([[windows.randrange(1, VOCABULARY) for _ in range(4)] for _ in range(3)])
        paths: list[tuple[int, ...]] = [()]
        for node, depth in enumerate(tree.depths):
            above = next((i for i in range(node - 1, -1, -1) if tree.depths[i] == depth - 1), None)
            paths.append((*(paths[above + 1] if above is not None else ()), tree.tokens[node]))
        rows = [logits_after(seed, (*sequence.output, *path), script) for path in paths]
        [accepted] = decide([sequence], [tree], torch.stack(rows)[None])
        cursor.advance(accepted.tokens)
        sequence.emit(tree, accepted)
    return sequence.output


@given(st.integers(0, 999), TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_windows_decide_nothing(seed: int, draft: str, script: str, windows: random.Random) -> None:
    """However the draft is cut into windows, and with garbage in them, the output is that of plain steps."""
    for trade in (0.3, 1.0, 2.0):
        plain = decoded(Fused(trade), seed, draft, script, None)
        assert decoded(Fused(trade), seed, draft, script, windows) == plain


@given(st.integers(0, 999), TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_infinity_is_the_draft_and_zero_is_exact(
    seed: int, draft: str, script: str, windows: random.Random
) -> None:
    """The two ends of fused acceptance, wherever windows end."""
    at_zero = decoded(Fused(0.0), seed, draft, script, windows)
    assert at_zero == decoded(exact, seed, draft, script, None)
    if draft:
        tokens, _ = LetterCodec().encode(draft)
        assert decoded(Fused(float("inf")), seed, draft, script, windows) == [*tokens, END]


def chosen(decide: Fused, confidence: float, nats: float, sent: Seq[int] = ()) -> int:
    """The first token that is emitted where the draft's, 1, is ``nats`` behind the verifier's, 5, and 7 is
    hardly; ``sent`` is the window."""
    codec = LetterCodec()
    prompt = Prompt(torch.zeros(1, 4), torch.zeros(1, 1, dtype=torch.long), following=1)
    cursor, beside = DraftCursor([], codec, END), DraftedNext("bcd", codec, END)
    sequence = Sequence("key", prompt, cursor, frozenset((END,)), LIMIT, beside, confidence=confidence)
    logits = torch.zeros(1, 1 + len(sent), VOCABULARY)
    logits[..., 5], logits[..., 7] = nats, nats - 0.1
    [accepted] = decide([sequence], [Tree.chain(sent)], logits)
    return accepted.tokens[0]


@pytest.mark.parametrize("confidence", [0.5, 0.9, 1.0])
def test_a_place_behind_the_window_is_weighed_too(confidence: float) -> None:
    """The token after the last one that was sent stands or falls by the same rule as those that were."""
    assert chosen(Fused(1.0), confidence, 1.0) == (5 if confidence == 0.5 else 1)


def test_a_pass_that_was_lost_is_weighed_anew() -> None:
    """Tokens that were decided but never emitted (the batch ran out of memory) leave no trace."""
    codec = LetterCodec()
    beside = DraftedNext("bcdef", codec, END)
    beside.follow([1, 2])
    beside.advance(3)
    beside.follow([1])
    assert beside.token == 2
    beside.follow([1, 2, 3])
    assert beside.token == 4


def test_a_window_that_is_not_the_draft_does_not_speak_for_it() -> None:
    """Where something else was sent (from another draft), the draft's own token is weighed all the same."""
    assert chosen(Fused(1.0), 0.9, 3.0, [7]) == 5
    assert chosen(Fused(1.0), 0.9, 2.0, [7]) == 1


def test_what_no_draft_has_is_emitted_where_it_is_clearly_preferred() -> None:
    """By so many nats or more, however sure the draft is; other tokens give way to it."""
    for clearly, token in ((1.9, 5), (2.0, 5), (2.1, 1)):
        assert chosen(Fused(1.0, undrafted=[5], clearly=clearly), 1.0, 2.0) == token
    assert chosen(Fused(1.0, undrafted=[6], clearly=0.0), 1.0, 2.0) == 1


def test_a_drafts_token_may_count_for_more() -> None:
    """Its weight divides what the verifier has to prefer another by."""
    assert chosen(Fused(1.0), 0.9, 3.0) == 5
    assert chosen(Fused(1.0, weights={1: 2.0}), 0.9, 3.0) == 1
    assert chosen(Fused(1.0, undrafted=[5], clearly=2.0, weights={1: 2.0}), 1.0, 3.0) == 1


def test_a_reader_that_is_mostly_wrong_weighs_nothing() -> None:
    """Nothing is preferred because a bad reader says otherwise; one that is never wrong always stands."""
    assert [log_odds(confidence) for confidence in (0.0, 0.3, 0.5, 1.0)] == [0, 0, 0, float("inf")]
