"""Token trees: merging continuations, and the path that acceptance finds in them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.tree import Tree
from docspec.verifiers.acceptance import accept_exact

TOKENS = st.lists(st.integers(0, 2), max_size=7)
CONTINUATIONS = st.lists(TOKENS, max_size=6)


def text_of(tree: Tree, node: int) -> tuple[int, ...]:
    """The tokens from the root down to ``node``, read off the subtree ends."""
    above = [i for i in range(node + 1) if node < tree.ends[i]]
    return tuple(tree.tokens[i] for i in above)


def prefixes(continuations: list[list[int]]) -> set[tuple[int, ...]]:
    """Everything that a continuation starts with, but nothing."""
    return {tuple(tokens[:size]) for tokens in continuations for size in range(1, len(tokens) + 1)}


@given(CONTINUATIONS)
def test_a_tree_holds_each_prefix_once(continuations: list[list[int]]) -> None:
    """Its nodes are the distinct beginnings of the continuations, at their depths."""
    tree = Tree.merge(continuations)
    texts = [text_of(tree, node) for node in range(len(tree))]
    assert sorted(texts) == sorted(prefixes(continuations))
    assert tree.depths == [len(text) for text in texts]
    assert tree.is_chain == (len({len(text) for text in texts}) == len(texts))


@given(TOKENS)
def test_one_continuation_makes_a_chain(tokens: list[int]) -> None:
    """The tree without branches, whichever way it was made."""
    assert Tree.merge([tokens]) == Tree.chain(tokens) == Tree.merge([tokens, tokens[:2], []])
    assert Tree.chain(tokens).is_chain


@given(CONTINUATIONS)
def test_the_first_continuation_comes_first(continuations: list[list[int]]) -> None:
    """The main branch is the tree's first nodes, and every place's first child has the place's number."""
    tree = Tree.merge(continuations)
    if continuations:
        assert tree.tokens[: len(continuations[0])] == continuations[0]
    for place in range(len(tree) + 1):
        below = () if place == 0 else text_of(tree, place - 1)
        children = [n for n in range(len(tree)) if text_of(tree, n)[:-1] == below]
        found, node = [], tree.first_child(place)
        assert node in (None, place)
        while node is not None:
            found.append(node)
            node = tree.sibling(node)
        assert found == children


@given(CONTINUATIONS, st.data())
def test_the_accepted_path_is_the_longest_that_agrees(
    continuations: list[list[int]], data: st.DataObject
) -> None:
    """Of all the tree's paths, the longest whose every token is the verifier's choice before it."""
    tree = Tree.merge(continuations)
    size = len(tree) + 1
    choices = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    accepted = accept_exact(choices, tree)
    place_of = {(): 0} | {text_of(tree, node): node + 1 for node in range(len(tree))}
    agreeing = [
        text for text in place_of if all(choices[place_of[text[:i]]] == text[i] for i in range(len(text)))
    ]
    longest = max(agreeing, key=len)
    assert tuple(accepted.tokens[:-1]) == longest
    assert accepted.tokens[-1] == choices[place_of[longest]]
    assert [text_of(tree, node) for node in accepted.nodes] == [longest[: i + 1] for i in range(len(longest))]


@given(CONTINUATIONS, st.data())
def test_branches_never_shorten_what_the_main_branch_gives(
    continuations: list[list[int]], data: st.DataObject
) -> None:
    """With a verifier that goes by the text before it, more branches accept at least as much."""
    text = data.draw(st.lists(st.integers(0, 2), min_size=8, max_size=8))
    emitted = []
    for size in range(len(continuations) + 1):
        tree = Tree.merge(continuations[:size])
        choices = [text[depth] for depth in (0, *tree.depths)]
        emitted.append(accept_exact(choices, tree).tokens)
        assert emitted[-1] == text[: len(emitted[-1])]
    assert all(len(before) <= len(after) for before, after in itertools.pairwise(emitted))


@given(CONTINUATIONS, st.integers(0, 12))
def test_a_tree_cut_is_a_tree_of_its_own_paths(continuations: list[list[int]], size: int) -> None:
    """No larger than asked, every path one of the whole, the main branch kept as far as there is room."""
    whole = Tree.merge(continuations)
    cut = whole.cut(size)
    texts = [text_of(cut, node) for node in range(len(cut))]
    assert len(cut) <= size
    assert set(texts) <= {text_of(whole, node) for node in range(len(whole))}
    assert len(set(texts)) == len(texts)
    assert cut.depths == [len(text) for text in texts]
    assert cut.tokens[: whole.main] == whole.tokens[: min(size, whole.main)]
    assert size < len(whole) or cut == whole


def test_the_deepest_branches_are_cut_first() -> None:
    """They are the least likely to be reached."""
    tree = Tree.merge([[1, 2, 3], [1, 2, 9], [8, 7]])
    assert tree.cut(5) == Tree.merge([[1, 2, 3], [8, 7]])
    assert tree.cut(4) == Tree.chain([1, 2, 3])
    assert tree.cut(2) == Tree.chain([1, 2])
