"""Acceptance: how many of a tree's draft tokens the verifier takes. Pure functions on plain numbers."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from docspec.drafters.following.tree import Tree


class Accepted(NamedTuple):
    """One sequence's outcome of a pass: the accepted ``nodes``, top down, and the ``tokens`` emitted.

    The tokens are those of the nodes and one more, the verifier's own.
    """

    nodes: list[int]
    tokens: list[int]

    @property
    def strayed(self) -> bool:
        """Whether the path has left the main branch."""
        return bool(self.nodes) and self.nodes[-1] >= len(self.nodes)


def walk(tree: Tree, choose: Callable[[int, int | None], int]) -> Accepted:
    """Go down ``tree`` as long as what is chosen stands in it.

    ``choose`` gives the token to emit at a place (see Tree), whose likeliest draft token it is told, if there
    is one; it is asked once for each emitted token, in order.
    """
    nodes: list[int] = []
    tokens: list[int] = []
    place = 0
    while True:
        node = tree.first_child(place)
        token = choose(place, None if node is None else tree.tokens[node])
        tokens.append(token)
        while node is not None and tree.tokens[node] != token:
            node = tree.sibling(node)
        if node is None:
            return Accepted(nodes, tokens)
        nodes.append(node)
        place = node + 1


def accept_exact(choices: Sequence[int], tree: Tree) -> Accepted:
    """What greedy decoding emits in one verify step: lossless.

    ``choices`` [nodes + 1] are the verifier's greedy tokens at each place. The agreeing path and the
    verifier's own next token (greedy speculative decoding, Leviathan et al. 2023, arXiv 2211.17192).
    """
    return walk(tree, lambda place, _: choices[place])


def accept_fused(
    choices: Sequence[int],
    tree: Tree,
    drafted: Callable[[], int | None],
    stands: Callable[[int, int], bool],
    emit: Callable[[int], None],
) -> Accepted:
    """What is emitted when draft and verifier are two readers weighed against each other.

    ``choices`` [nodes + 1] are the verifier's own; ``drafted`` gives the draft's token where the output is,
    ``stands(place, token)`` says whether it holds against the verifier's choice there, and ``emit`` is told
    each token. What the tree holds decides how many tokens are emitted, never which: the draft is asked at
    every place, also where the window has ended.
    """

    def choose(place: int, _: int | None) -> int:
        token, choice = drafted(), choices[place]
        chosen = choice if token is None or token == choice or not stands(place, token) else token
        emit(chosen)
        return chosen

    return walk(tree, choose)


def pick(probabilities: Sequence[float], chance: float) -> int:
    """The index in whose share of [0, sum) ``chance`` (in [0, 1)) times the sum lies."""
    shares = list(itertools.accumulate(probabilities))
    return bisect.bisect_right(shares, chance * shares[-1])


def accept_sampled(
    probabilities: Sequence[Sequence[float]], tree: Tree, chances: Sequence[float]
) -> Accepted:
    """What sampling emits in one verify step; its distribution is the verifier's own.

    ``probabilities`` [nodes + 1, V] are the verifier's at each place, ``chances`` numbers in [0, 1) for the
    tokens emitted. Speculative sampling (Leviathan et al. 2023, arXiv 2211.17192; Chen et al. 2023, arXiv
    2302.01318) accepts a draft token with min(1, p / q) and samples from the normalised rest of p otherwise.
    A draft is certain of its token t (q is 1 at t), so t is accepted with p(t), else the rest is p without t:
    the same as to sample from p and to go on while that is in the draft. It holds for several children too,
    one after another each against the rest, and the chance to accept one, their p's sum, is the best
    possible. So what comes out depends on the chances alone, not on what was drafted.
    """
    coming = iter(chances)
    return walk(tree, lambda place, _: pick(probabilities[place], next(coming)))
