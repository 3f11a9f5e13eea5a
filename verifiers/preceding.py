"""The tokens before each place of a verify pass."""

from __future__ import annotations

from collections.abc import Sequence as Seq

import numpy as np

from docspec.drafters.following.tree import Tree
from docspec.verifiers.sequence import Sequence


def preceding(sequences: Seq[Sequence], trees: Seq[Tree]) -> np.ndarray | None:
    """The tokens before each place of each row's tree, [places of all, most]: each once, and for filling up
    the first of them again. None where there is none before some place.

    For processors that take it as a set (``by_set`` in docspec.verifiers.processors): as the whole text is
    to them.
    """
    if not all(one.distinct for one in sequences):
        return None
    before = [np.fromiter(one.distinct, np.int64) for one in sequences]
    drafted = [_paths(tree) for tree in trees]
    width = max(map(len, before)), max(paths.shape[1] for paths in drafted)
    rows = []
    for tokens, paths in zip(before, drafted, strict=True):
        row = np.full((len(paths), sum(width)), tokens[0])
        row[:, : len(tokens)] = tokens
        row[:, width[0] : width[0] + paths.shape[1]] = np.where(paths < 0, tokens[0], paths)
        rows.append(row)
    return np.concatenate(rows)


def _paths(tree: Tree) -> np.ndarray:
    """The nodes' tokens on the way to each place, [places, depth of the tree]; -1 behind them."""
    deepest = max(tree.depths, default=0)
    if tree.is_chain:
        return np.where(np.tri(deepest + 1, deepest, -1, dtype=bool), np.array(tree.tokens, np.int64), -1)
    paths = np.full((len(tree) + 1, deepest), -1)
    way: list[int] = []
    for place, (token, depth) in enumerate(zip(tree.tokens, tree.depths, strict=True), start=1):
        way[depth - 1 :] = [token]
        paths[place, :depth] = way
    return paths
