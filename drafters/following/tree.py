"""Several continuations of one output as a tree of tokens, so that one forward pass can verify them all.

After SpecInfer (Miao et al. 2023, arXiv 2305.09781). Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


def shared_start(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens both begin with."""
    shared = 0
    for own, other in zip(left, right, strict=False):
        if own != other:
            break
        shared += 1
    return shared


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
    def merge(cls, continuations: Sequence[Sequence[int]], reach: int | None = None) -> Tree:
        """The tree of all ``continuations``, best first, what they have in common held once.

        Of those after the first at most ``reach`` tokens after they have left it, if that is given.
        """
        if len(continuations) <= 1:
            return cls.chain(continuations[0] if continuations else ())
        tree = cls([], [], [])
        tree._add(list(continuations[0]), continuations[1:], 0, reach)
        return tree

    def _add(self, main: list[int], others: Sequence[Sequence[int]], above: int, reach: int | None) -> None:
        """Append ``main``, with the ``others`` leaving it at the places where they do, at depth ``above``.

        In preorder all of ``main`` comes first, then what leaves it, the deepest first.
        """
        leaving: dict[int, list[Sequence[int]]] = {}
        for other in others:
            shared = shared_start(main, other)
            rest = other[shared:] if reach is None else other[shared : shared + reach]
            if not rest:
                continue
            if shared == len(main) and shared:  # goes on from its end
                main += rest
            else:
                leaving.setdefault(shared, []).append(rest)
        start, size = len(self.tokens), len(main)
        self.tokens.extend(main)
        self.depths.extend(range(above + 1, above + size + 1))
        self.ends.extend([start + size] * size)
        below = size  # the main nodes before this one are above what was added last
        for shared in sorted(leaving, reverse=True):
            self.ends[start + shared : start + below] = [len(self.tokens)] * (below - shared)
            below, waiting = shared, leaving[shared]
            while waiting:
                first, *waiting = waiting
                alike = [one for one in waiting if one[0] == first[0]]
                self._add(list(first), alike, above + shared, None)
                waiting = [one for one in waiting if one[0] != first[0]] if alike else waiting
        self.ends[start : start + below] = [len(self.tokens)] * below

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

    def cut(self, size: int) -> Tree:
        """This tree with at most ``size`` nodes: without its deepest branches, then without its main end."""
        main, whole = self.main, len(self)
        if whole <= size:
            return self
        if size <= main:
            return Tree.chain(self.tokens[:size])
        first, least = main, self.depths[main]
        while whole - first > size - main or (first < whole and self.depths[first] > least):
            least = min(least, self.depths[first])
            first += 1
        gone = first - main
        ends = [max(main, end - gone) for end in self.ends[:main]] + [end - gone for end in self.ends[first:]]
        tokens, depths = self.tokens, self.depths
        return Tree(tokens[:main] + tokens[first:], depths[:main] + depths[first:], ends)

    def first_child(self, place: int) -> int | None:
        """The likeliest node at ``place``."""
        above = self.depths[place - 1] if place else 0
        return place if place < len(self.depths) and self.depths[place] == above + 1 else None

    def sibling(self, node: int) -> int | None:
        """The next best node at the place where ``node`` stands."""
        after = self.ends[node]
        return after if after < len(self.depths) and self.depths[after] == self.depths[node] else None
