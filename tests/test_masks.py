"""Who may look at whom: the masks of passes against what they mean, column by column."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.tree import Tree
from docspec.verifiers.masks import (
    CHUNKED,
    FULL,
    REFERENCE,
    SLIDING,
    LayerKinds,
    let_prompts_see,
    looks_ahead,
    own_masks,
)
from docspec.verifiers.sequence import Prompt

EVERY = LayerKinds(
    frozenset({FULL, SLIDING, REFERENCE, CHUNKED, "linear_attention"}), 3, by_kind=True, chunk=4
)
branches = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=3)


def ways(tree: Tree) -> list[set[int]]:
    """Of each node, the nodes on the way to it and itself."""
    found: list[set[int]] = []
    for node, depth in enumerate(tree.depths):
        above = [
            other for other in range(node) if tree.depths[other] == depth - 1 and node < tree.ends[other]
        ]
        found.append({node} | (found[above[-1]] if above else set()))
    return found


@given(empty=st.integers(0, 2), prompt=st.integers(1, 5), written=st.integers(0, 5), chains=branches)
def test_masks_are_what_they_mean(empty: int, prompt: int, written: int, chains: list[list[int]]) -> None:
    """A token sees itself and the text before it, of a tree its own way; within a window, counted in places
    of the text, or beyond it the prompt alone, or in a chunk, counted from the text's beginning."""
    tree = Tree.merge(chains)
    root = empty + prompt + written  # the column of the tree's first node
    size = root + len(tree)
    places = [*range(root), *(root + depth - 1 for depth in tree.depths)]
    ends = [*[size] * root, *(root + end for end in tree.ends)]
    query = torch.arange(size)[None]
    first, prompts = torch.tensor([empty]), torch.tensor([empty + prompt])
    masks = EVERY.masks(query, torch.tensor([places]), torch.tensor([ends]), prompts, first, query >= empty)
    own_way = ways(tree)
    for at in range(size):
        before = set(range(empty, min(at + 1, root))) | {at}
        if at >= root:
            before |= {root + node for node in own_way[at - root]}
        near = {key for key in before if places[key] > places[at] - EVERY.window}
        seen = {
            kind: set(masks[kind][0, 0, at].nonzero()[:, 0].tolist())
            for kind in (FULL, SLIDING, REFERENCE, CHUNKED)
        }
        chunk = (places[at] - empty) // EVERY.chunk
        assert seen == {
            FULL: before,
            SLIDING: near,
            REFERENCE: near | {key for key in before if empty <= key < empty + prompt},
            CHUNKED: {key for key in before if (places[key] - empty) // EVERY.chunk == chunk},
        }
    assert masks["linear_attention"].tolist() == [[column >= empty for column in range(size)]]


def test_a_decoder_gets_its_masks_as_it_takes_them() -> None:
    """One tensor where all layers are alike, also where all have a window that no list of layers names."""
    query = torch.arange(5)[None]
    given = (query, query, torch.full((1, 5), 5), torch.tensor([2]))
    full = LayerKinds(frozenset({FULL}), 0, by_kind=True).masks(*given)
    assert torch.equal(full[0, 0], torch.ones(5, 5).tril().bool())
    alone = LayerKinds(frozenset({SLIDING}), 2, by_kind=False).masks(*given)
    assert torch.equal(alone, EVERY.masks(*given)[FULL] & alone)
    assert alone.sum(-1).flatten().tolist() == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("by_kind", [False, True])
def test_prompts_see_what_their_models_let_them(by_kind: bool) -> None:
    """Two of three tokens of the first row's prompt see each other, in the layers that say so; nothing else
    changes."""
    own = torch.tensor([[1, 1, 0], [1, 1, 0], [1, 1, 1]], dtype=torch.bool)
    given: Any = {FULL: None, SLIDING: own[None, None]} if by_kind else own[None, None]
    prompts = [
        Prompt(torch.zeros(3, 2), torch.arange(3)[None], masks=own_masks(given)),
        Prompt(torch.zeros(2, 2), torch.arange(2)[None]),
    ]
    before = torch.ones(2, 1, 5, 5).tril().bool()
    masks: Any = {FULL: before.clone(), SLIDING: before.clone(), "conv": None} if by_kind else before.clone()
    let_prompts_see(masks, prompts, [4, 4])
    changed = masks[SLIDING] if by_kind else masks
    assert (changed != before).nonzero().tolist() == [[0, 0, 1, 2]]
    if by_kind:
        assert torch.equal(masks[FULL], before)


def test_what_looks_ahead_is_found_in_every_form_of_a_mask() -> None:
    """Truth values, what is added to scores, mappings with and without masks, and padding alone."""
    ahead = torch.ones(1, 1, 3, 3, dtype=torch.bool)
    behind = ahead.tril()
    added = torch.zeros(1, 1, 3, 3).masked_fill(~behind, -1e9)
    assert looks_ahead(ahead)
    assert looks_ahead({FULL: None, SLIDING: ahead})
    for mask in (None, behind, added, {FULL: behind, SLIDING: None}, torch.ones(1, 3)):
        assert not looks_ahead(mask)
        assert own_masks(mask) is None
    assert torch.equal(own_masks(torch.zeros(1, 1, 3, 3)), ahead[0, 0])
