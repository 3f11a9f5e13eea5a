"""Logits processors to which text is a set of tokens: all places of a pass at once, as one by one."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_decoder import VOCABULARY, sequence, tiny_decoder
from transformers.generation import logits_process
from transformers.generation.logits_process import LogitsProcessorList

from docspec.drafters.following.tree import Tree
from docspec.verifiers import decide
from docspec.verifiers.decide import ExactWithProcessors
from docspec.verifiers.preceding import preceding
from docspec.verifiers.processors import by_set
from docspec.verifiers.sampling import Sampled
from docspec.verifiers.sequence import Sequence

TOKENS = st.lists(st.integers(0, VOCABULARY - 1), max_size=6)
ROWS = st.lists(st.tuples(TOKENS, TOKENS, st.lists(TOKENS, max_size=4)), min_size=1, max_size=5)
Rows = list[tuple[list[int], list[int], list[list[int]]]]  # prompts, outputs, and continuations in trees
PENALTY = LogitsProcessorList(
    [logits_process.RepetitionPenaltyLogitsProcessor(1.5), logits_process.TemperatureLogitsWarper(0.7)]
)


def made(rows: Rows, seed: int) -> tuple[list[Sequence], list[Tree], torch.Tensor]:
    """Sequences, trees, and logits that favour what the trees hold."""
    sequences = []
    for key, (prompt, output, _) in enumerate(rows):
        one = sequence(tiny_decoder(), key, prompt or [0], 99)
        one.prompt = replace(one.prompt, ids=tuple(prompt))  # a prompt need not have any
        one.output += output
        sequences.append(one)
    trees = [Tree.merge(continuations) for _, _, continuations in rows]
    torch.manual_seed(seed)
    logits = torch.randn(len(rows), max(map(len, trees)) + 1, VOCABULARY)
    for i, tree in enumerate(trees):
        for place in range(len(tree)):
            if random.Random(seed + place).random() < 0.7:
                logits[i, place - len(tree) - 1, tree.tokens[place]] += 3
    return sequences, trees, logits


@given(ROWS, st.integers(0, 99), st.sampled_from([1, 3, 256]))
def test_places_at_once_are_places_one_by_one(rows: Rows, seed: int, together: int) -> None:
    """Greedy, in trees and chains, however many are processed together."""
    sequences, trees, logits = made(rows, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide, "TOGETHER", together)
        at_once = ExactWithProcessors(lambda _: PENALTY, by_set=True)(sequences, trees, logits)
    assert at_once == ExactWithProcessors(lambda _: PENALTY)(sequences, trees, logits)


@given(ROWS, st.integers(0, 99))
def test_samples_at_once_are_samples_one_by_one(rows: Rows, seed: int) -> None:
    """Sampled, with the same chances."""
    sequences, trees, logits = made(rows, seed)
    at_once = Sampled(lambda _: PENALTY, seed, prefixed=True, by_set=True)(sequences, trees, logits)
    assert at_once == Sampled(lambda _: PENALTY, seed, prefixed=True)(sequences, trees, logits)


@given(TOKENS.filter(bool), TOKENS, st.lists(TOKENS, max_size=4), TOKENS)
def test_what_is_seen_is_all_of_the_text_before(
    prompt: list[int], output: list[int], continuations: list[list[int]], later: list[int]
) -> None:
    """Prompt, output and the way down the tree; nothing else, also when the output has grown."""
    [one], [tree], _ = made([(prompt, output, continuations)], 0)
    for emitted in ([], later):
        one.output += emitted
        found = preceding([one], [tree])
        assert found is not None
        way: dict[int, set[int]] = {0: set()}
        for place, (token, depth) in enumerate(zip(tree.tokens, tree.depths, strict=True), start=1):
            above = max(p for p in way if p < place and (tree.depths[p - 1] if p else 0) == depth - 1)
            way[place] = way[above] | {token}
        assert [set(row) for row in found.tolist()] == [
            {*prompt, *one.output} | way[place] for place in range(len(tree) + 1)
        ]


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (logits_process.RepetitionPenaltyLogitsProcessor(1.2), True),
        (logits_process.RepetitionPenaltyLogitsProcessor(1.2, prompt_ignore_length=3), False),
        (logits_process.NoRepeatNGramLogitsProcessor(2), False),
        (logits_process.MinLengthLogitsProcessor(5, 0), False),
        (logits_process.TopKLogitsWarper(5), True),
    ],
)
def test_which_processors_take_text_as_a_set(processor: Any, expected: bool) -> None:
    """Those that count from an end, or look at an order, do not."""
    assert by_set([processor]) == expected
