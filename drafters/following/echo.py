"""What was written before and may come again: table tags, list marks, formulas, names.

Prompt lookup (as in "Prompt Lookup Decoding", A. Saxena 2023) as a tree of the likeliest continuations (as in
REST, He et al. 2023, arXiv 2311.08252). Pure.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence

from docspec.drafters.following.tree import shared_start

# what a place counts for where the last token, the last two, three, four stood together
_VOTES = (1.0, 3.0, 12.0, 39.0)
_NEW = 1.0  # the same of what has never stood there
_UNLIKELY = 0.01  # chance below which a token is not proposed in a branch
_DOUBTFUL = 0.15  # the same of the one continuation where there are no branches
_KEPT, _ALONE = 12, 6  # last places of a run that count; of one token where two have stood together
_REACH, _LONGEST_REACH = 6, 24  # tokens proposed one after another: of branches, at first and after success

_BITS = 32  # of a token, of two in one number

_Run = tuple[int | None, int | None, int | None, int | None]  # a text's last tokens; None before its start
_NONE: _Run = (None, None, None, None)


class Phrases:
    """Which tokens followed which runs of tokens in a text; beyond ``most`` tokens it starts afresh."""

    def __init__(self, most: int | None = None) -> None:
        self.tokens: list[int] = []
        self._most = most
        self._start()

    def _start(self) -> None:
        # where in the text the token comes that follows one, and two: of two the place, or a list of them.
        # Most pairs stand there once: so many lists would be what the garbage collector spends its time on.
        self._after_one: defaultdict[int | None, list[int]] = defaultdict(list)
        self._after_two: dict[int, int | list[int]] = {}

    def extend(self, tokens: Sequence[int]) -> None:
        """Take the text's next tokens."""
        if self._most is not None and len(self.tokens) > self._most:
            self.tokens = []
            self._start()
        after_one, after_two = self._after_one, self._after_two
        before, last = (None, None, *self.tokens[-2:])[-2:]
        for at, token in enumerate(tokens, start=len(self.tokens)):
            if last is not None:
                after_one[last].append(at)
                if before is not None:
                    known = after_two.setdefault(pair := before << _BITS | last, at)
                    if isinstance(known, list):
                        known.append(at)
                    elif known != at:
                        after_two[pair] = [known, at]
            before, last = last, token
        self.tokens.extend(tokens)

    def vote(self, run: _Run, weights: Sequence[float], votes: dict[int, float]) -> None:
        """Add to ``votes`` the tokens that followed the last ones of ``run``, the last few times.

        ``weights`` are what a place counts for at which one, two, three, four of them stood together.
        """
        fourth, third, second, last = run
        one, two, three, four = weights
        tokens, get = self.tokens, votes.get
        found = None if last is None or second is None else self._after_two.get(second << _BITS | last)
        for at in self._after_one.get(last, ())[-_KEPT if found is None else -_ALONE :]:
            token = tokens[at]
            votes[token] = get(token, 0.0) + one
        if found is None:
            return
        for at in found[-_KEPT:] if isinstance(found, list) else (found,):
            token, weight = tokens[at], two
            if tokens[at - 3] == third and at > 2:
                weight = four if tokens[at - 4] == fourth and at > 3 else three
            votes[token] = get(token, 0.0) + weight


class Echo:
    """Proposes what followed the output's last tokens before, in itself and in other ``texts``.

    ``texts`` come with what one of their places counts for beside one of the output.
    """

    def __init__(self, texts: Sequence[tuple[Phrases, float]] = ()) -> None:
        self._own = Phrases()
        self._texts = [
            (phrases, [weight * vote for vote in _VOTES]) for phrases, weight in [(self._own, 1.0), *texts]
        ]
        self._run = _NONE
        self._proposed: list[list[int]] = []
        self._reach = _REACH

    def extend(self, tokens: Sequence[int]) -> None:
        """Take what was emitted, and learn from it how far to propose."""
        if self._proposed:
            accepted = max(shared_start(proposal, tokens) for proposal in self._proposed)
            self._reach = min(max(_REACH, 2 * accepted), _LONGEST_REACH)
            self._proposed = []
        self._own.extend(tokens)
        for token in tokens[-len(_VOTES) :]:
            self._run = _after(self._run, token)

    def propose(self, limit: int, nodes: int) -> list[list[int]]:
        """What may follow, the likeliest first: each up to ``limit`` tokens after one another, together at
        most ``nodes``, shared ones counted once."""
        self._proposed = self._tree(min(limit, self._reach), nodes)
        return self._proposed

    def coming(self, limit: int) -> Iterator[tuple[int, float]]:
        """The likeliest token after the likeliest, up to ``limit``, as long as their chance together is not
        doubtful: each with its chance after the others."""
        run, chance = self._run, 1.0
        for _ in range(min(limit, _LONGEST_REACH)):
            votes, total = self._votes(run)
            token = max(votes, key=votes.__getitem__, default=None)
            if token is None or (chance := chance * (share := votes[token] / total)) < _DOUBTFUL:
                break
            yield token, share
            run = _after(run, token)

    def _tree(self, reach: int, nodes: int) -> list[list[int]]:
        """The paths of the tree of the ``nodes`` likeliest tokens."""
        waiting: list[tuple[float, tuple[int, ...], _Run]] = [(-1.0, (), self._run)]
        paths: dict[tuple[int, ...], None] = {}  # in the order of their chances
        while waiting and len(paths) <= nodes:
            chance, path, run = heapq.heappop(waiting)
            paths[path] = None
            if len(path) < reach and len(paths) <= nodes:
                votes, total = self._votes(run)
                share, least = chance / total, _UNLIKELY * total / -chance
                _, third, second, last = run
                for token, count in votes.items():
                    if count >= least:
                        after = third, second, last, token
                        heapq.heappush(waiting, (share * count, (*path, token), after))
        inner = {path[:-1] for path in paths}
        return [list(path) for path in paths if path not in inner]

    def _votes(self, run: _Run) -> tuple[dict[int, float], float]:
        """What each token counts for that has followed ``run`` before, and all of them with a new one."""
        votes: dict[int, float] = {}
        for phrases, weights in self._texts:
            phrases.vote(run, weights, votes)
        return votes, sum(votes.values()) + _NEW


def _after(run: _Run, token: int) -> _Run:
    """The last tokens once ``token`` is one of them."""
    return run[1], run[2], run[3], token
