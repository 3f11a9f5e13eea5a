"""Fused acceptance: draft and verifier weighed against each other, the same whatever windows were sent."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_decoder import END, VOCABULARY, LetterCodec

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.tree import Tree
from docspec.verifiers.decide import Decide, Fused, exact
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


@pytest.mark.parametrize("confidence", [0.5, 0.9, 1.0])
def test_a_place_behind_the_window_is_weighed_too(confidence: float) -> None:
    """The token after the last one that was sent stands or falls by the same rule as those that were."""
    codec = LetterCodec()
    prompt = Prompt(torch.zeros(1, 4), torch.zeros(1, 1, dtype=torch.long), following=1)
    beside = DraftedNext("bcd", codec, END)
    cursor = DraftCursor([], codec, END)
    sequence = Sequence("key", prompt, cursor, frozenset((END,)), LIMIT, beside, confidence=confidence)
    logits = torch.zeros(1, 1, VOCABULARY)
    logits[0, 0, 5] = 1.0  # the draft's own token, 1, is a nat behind
    [accepted] = Fused(1.0)([sequence], [Tree.chain([])], logits)
    assert accepted.tokens == [5 if confidence == 0.5 else 1]


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
