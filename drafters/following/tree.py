"""Several continuations of one output as a tree of tokens, so that one forward pass can verify them all.

After SpecInfer (Miao et al. 2023, arXiv 2305.09781). Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tree:
    """Draft tokens in preorder: each node is followed by everything below it, likeliest child first.

    ``depths[i]`` is 1 for what may follow the output directly; ``ends[i]`` is the node after the last one
    below node i, so that j is below i, or i itself, exactly if ``i <= j < ends[i]``. Siblings differ.

    A *place* is where a token can follow: place 0 is the output's end, place i + 1 is after node i. So the
    first child of place p, where there is one, is node p.
    """

    tokens: list[int]
    depths: list[int]
    ends: list[int]

    @classmethod
    def chain(cls, tokens: Sequence[int]) -> Tree:
        """The tree without branches."""
        size = len(tokens)
        return cls(list(tokens), list(range(1, size + 1)), [size] * size)

    @classmethod
    def merge(cls, continuations: Sequence[Sequence[int]]) -> Tree:
        """The tree of all ``continuations``, best first, what they have in common held once."""
        if len(continuations) <= 1:
            return cls.chain(continuations[0] if continuations else ())
        children: list[dict[int, int]] = [{}]  # by place of a provisional numbering, in order of insertion
        for tokens in continuations:
            place = 0
            for token in tokens:
                found = children[place].get(token)
                if found is None:
                    found = children[place][token] = len(children)
                    children.append({})
                place = found
        return cls._in_preorder(children)

    @classmethod
    def _in_preorder(cls, children: list[dict[int, int]]) -> Tree:
        tree = cls([], [], [0] * (len(children) - 1))
        path: list[int] = []  # nodes from the root to the last one
        waiting = [(1, token, place) for token, place in reversed(children[0].items())]
        while waiting:
            depth, token, place = waiting.pop()
            while len(path) >= depth:
                tree.ends[path.pop()] = len(tree.tokens)
            path.append(len(tree.tokens))
            tree.tokens.append(token)
            tree.depths.append(depth)
            waiting += [(depth + 1, token, below) for token, below in reversed(children[place].items())]
        for node in path:
            tree.ends[node] = len(tree.tokens)
        return tree

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def is_chain(self) -> bool:
        """Whether there are no branches."""
        return not self.depths or self.depths[-1] == len(self.depths)

    @property
    def main(self) -> int:
        """How many tokens the main branch has."""
        if self.is_chain:
            return len(self.depths)
        return next(i for i, depth in enumerate(self.depths) if depth != i + 1)

    @property
    def branches(self) -> int:
        """How many branches there are beside the main one."""
        if self.is_chain:
            return 0
        return sum(after <= before for before, after in itertools.pairwise(self.depths))

    def first_child(self, place: int) -> int | None:
        """The likeliest node at ``place``."""
        above = self.depths[place - 1] if place else 0
        return place if place < len(self.depths) and self.depths[place] == above + 1 else None

    def sibling(self, node: int) -> int | None:
        """The next best node at the place where ``node`` stands."""
        after = self.ends[node]
        return after if after < len(self.depths) and self.depths[after] == self.depths[node] else None
