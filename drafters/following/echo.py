"""What was written before and may come again: table tags, list marks, formulas, names.

Prompt lookup (as in "Prompt Lookup Decoding", A. Saxena 2023) as a tree of the likeliest continuations (as in
REST, He et al. 2023, arXiv 2311.08252). Pure.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence

_LENGTHS = (4, 3, 2, 1)  # last tokens by which a continuation is looked up
_VOTES = {4: 27.0, 3: 9.0, 2: 3.0, 1: 1.0}  # what a place counts for where so many tokens stood together
_NEW = 1.0  # the same of what has never stood there
_UNLIKELY = 0.01  # chance below which a token is not proposed in a branch
_DOUBTFUL = 0.3  # the same of the one continuation where there are no branches
_KEPT = 12  # places remembered of a run
_REACH, _LONGEST_REACH = 6, 24  # tokens proposed one after another, at first and after success


class Phrases:
    """Which tokens followed which runs of tokens in a text; beyond ``most`` tokens it starts afresh."""

    def __init__(self, most: int | None = None) -> None:
        self.tokens: list[int] = []
        self._most = most
        self._after: dict[tuple[int, ...], list[int]] = {}  # a run -> what came next, the last few times

    def extend(self, tokens: Sequence[int]) -> None:
        """Take the text's next tokens."""
        if self._most is not None and len(self.tokens) > self._most:
            self.tokens, self._after = [], {}
        for token in tokens:
            end = len(self.tokens)
            for length in _LENGTHS:
                if end >= length:
                    known = self._after.setdefault(tuple(self.tokens[end - length :]), [])
                    known.append(token)
                    del known[:-_KEPT]
            self.tokens.append(token)

    def after(self, run: Sequence[int]) -> Sequence[int]:
        """The tokens that followed ``run``, the last few times."""
        return self._after.get(tuple(run), ())


class Echo:
    """Proposes what followed the output's last tokens before, in itself and in other ``texts``.

    ``texts`` come with what one of their places counts for beside one of the output.
    """

    def __init__(self, texts: Sequence[tuple[Phrases, float]] = ()) -> None:
        self._own = Phrases()
        self._texts = [(self._own, 1.0), *texts]
        self._proposed: list[list[int]] = []
        self._reach = _REACH

    def extend(self, tokens: Sequence[int]) -> None:
        """Take what was emitted, and learn from it how far to propose."""
        if self._proposed:
            accepted = max(_agreement(proposal, tokens) for proposal in self._proposed)
            self._reach = min(max(_REACH, 2 * accepted), _LONGEST_REACH)
            self._proposed = []
        self._own.extend(tokens)

    def propose(self, limit: int, nodes: int = 0) -> list[list[int]]:
        """What may follow, the likeliest first, up to ``limit`` tokens after one another.

        One continuation; with ``nodes`` several, of at most so many tokens in all, shared ones counted once.
        """
        reach = min(limit, self._reach)
        self._proposed = self._tree(reach, nodes) if nodes else self._chain(reach)
        return self._proposed

    def _chain(self, reach: int) -> list[list[int]]:
        """The likeliest token after the likeliest, as long as their chance together is not doubtful."""
        ending, chance = self._own.tokens[-max(_LENGTHS) :], 1.0
        path: list[int] = []
        while len(path) < reach:
            chances = self._chances([*ending, *path])
            token = max(chances, key=chances.__getitem__, default=None)
            if token is None or (chance := chance * chances[token]) < _DOUBTFUL:
                break
            path.append(token)
        return [path] if path else []

    def _tree(self, reach: int, nodes: int) -> list[list[int]]:
        """The paths of the tree of the ``nodes`` likeliest tokens."""
        ending = self._own.tokens[-max(_LENGTHS) :]
        waiting: list[tuple[float, tuple[int, ...]]] = [(-1.0, ())]
        paths: dict[tuple[int, ...], None] = {}  # in the order of their chances
        while waiting and len(paths) <= nodes:
            chance, path = heapq.heappop(waiting)
            paths[path] = None
            if len(path) < reach:
                for token, share in self._chances([*ending, *path]).items():
                    if -chance * share >= _UNLIKELY:
                        heapq.heappush(waiting, (chance * share, (*path, token)))
        inner = {path[:-1] for path in paths}
        return [list(path) for path in paths if path not in inner]

    def _chances(self, written: Sequence[int]) -> Mapping[int, float]:
        """The chance of each token that has followed the last ones of ``written`` before."""
        votes: defaultdict[int, float] = defaultdict(float)
        for length in _LENGTHS:
            if len(written) >= length:
                for phrases, weight in self._texts:
                    for token in phrases.after(written[-length:]):
                        votes[token] += _VOTES[length] * weight
        total = sum(votes.values()) + _NEW
        return {token: count / total for token, count in votes.items()}


def _agreement(proposal: Sequence[int], tokens: Sequence[int]) -> int:
    pairs = zip(proposal, tokens, strict=False)
    return next((i for i, (own, seen) in enumerate(pairs) if own != seen), min(len(proposal), len(tokens)))
