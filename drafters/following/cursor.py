"""The draft against the verifier's output: what to propose next, and finding the way back after a rejection.

Pure: no tensors, no model. The tokenizer comes in as a ``Codec``.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence

from docspec.drafters.following.comparison import agreement, corrections
from docspec.drafters.following.contest import Contest
from docspec.drafters.following.draft_tokens import Codec, DraftTokens
from docspec.drafters.following.echo import Echo, Phrases
from docspec.drafters.following.experience import Experience
from docspec.drafters.following.resync import Finder, Parting
from docspec.drafters.following.stream import Stream
from docspec.drafters.following.tree import Tree
from docspec.drafters.following.written import Written
from docspec.types import Alternative

__all__ = ["Codec", "DraftCursor", "agreement", "corrections"]

_TRUSTED_TOKENS, _TRUSTED_CHARACTERS = 2, 4  # agreement that confirms a place
_PATIENCE, _VAIN = 8, 16  # refuted guesses after which searches wait, a token for so many since the parting
_LONGEST_PAUSE = 16
_LEARNT = 32  # tokens of the drafts that the echo learns in a step
_SIDES = 6  # branches beside the main one
_NEAR = 0.99  # what a character of distance takes from an alternative's chance to be reached
_EARLIER, _DRAFTED = 0.5, 0.5  # what earlier outputs and the drafts count for beside this output's own words
_MOSTLY = 0.51  # chance from which a correction is part of the one continuation where there are no branches
_CORRECTION, _LETTERS = 24, 4  # tokens of a correction worth remembering, and letters of one


class DraftCursor:
    """Follows a verifier's output along one or more drafts of it and proposes what comes next.

    ``drafts`` are best first; ``end_token`` follows a draft's last token, where there is one. While the
    output agrees with the draft only token indices move. After a disagreement the next proposal starts
    where the draft's characters match the output's last ones best (see ``resync``), tokenized from there;
    where they match nowhere, what is proposed is what followed the output's last tokens elsewhere: before, in
    earlier outputs, in the drafts.

    Without branches the one proposal has the verifier's usual correction where one is likelier than not, and
    after a disagreement it is the echo's where that is likelier than the draft (see ``contest``), and goes on
    as the draft does.

    Branches beside the main proposal are: other places that match nearly as well, the place read with other
    spacing, repetitions, and for the draft's next characters ``alternatives`` (by draft, each in the order of
    the text) and what ``experience``, shared by the verifier's sequences, has the verifier write there.
    """

    def __init__(
        self,
        drafts: Sequence[str],
        codec: Codec,
        end_token: int | None,
        alternatives: Sequence[Sequence[Alternative]] = (),
        experience: Experience | None = None,
    ) -> None:
        texts = [draft.encode("utf-8", "replace").decode("utf-8") for draft in drafts if draft.strip()]
        self._codec = codec
        self._end_token = end_token
        experience = experience or Experience()
        self._habits = experience.habits
        known = itertools.chain(alternatives, itertools.repeat(()))
        self._alternatives = [own for draft, own in zip(drafts, known, strict=False) if draft.strip()]
        self._finder = Finder([DraftTokens(text, codec) for text in texts], end_token)
        self._words = Phrases()  # the drafts', taken when the output is lost in them, a piece at a time
        self._unlearnt = itertools.chain.from_iterable(draft.pieces() for draft in self._finder.drafts)
        self._echo = Echo([(experience.phrases, _EARLIER), (self._words, _DRAFTED)])
        self._contest = Contest()
        self._written = Written(codec)
        self._stream = Stream(self._finder.drafts[0], 0, end_token) if texts else None
        self._places: list[Stream] = []  # other places found with the stream's
        self._sides: list[Stream] = []  # all streams proposed beside it
        self._expected: list[tuple[Alternative, int, Stream]] = []  # with the tokens shared with the stream
        self._parting = Parting(0, 0, 0)
        self._lost = not texts  # output and stream have parted and no new place has been found yet
        self._guesses = 0  # places tried since the parting, all refuted
        self._next_search = 0  # emitted tokens from which a search is worth its time

    def propose(self, limit: int, reach: int = 0) -> Tree:
        """Draft tokens to verify next: up to ``limit`` that go on from the current position (the end token
        follows the draft's last one) and up to ``reach`` in each branch beside them. Empty: nothing to
        propose.
        """
        if limit <= 0:
            return Tree.chain([])
        self._find_back(_SIDES if reach else 0)
        if self._lost:
            self._learn_words()
        return self._tree(limit, reach) if reach else Tree.chain(self._one(limit))

    def _tree(self, limit: int, reach: int) -> Tree:
        """The stream's next tokens, with branches beside them."""
        if self._lost or self._stream is None:
            main, *sides = self._echo.propose(limit, _SIDES * reach) or [[]]
        else:
            main = self._stream.coming(limit)
            self._sides, self._expected = [*self._places], []
            self._expect(self._stream, limit)
            sides = [side.coming(limit) for side in self._sides]
            if self._guesses:
                sides += self._echo.propose(limit, 2 * reach)
        return Tree.merge([main, *sides], reach)

    def _one(self, limit: int) -> list[int]:
        """The stream's next tokens, with what is mostly written there, or the echo's."""
        stream = self._stream
        if self._lost or stream is None:
            return [token for token, _ in self._echo.coming(limit)]
        main = stream.coming(limit)
        self._sides, self._expected = [], []
        text, starts = stream.source.text, stream.starts(limit)
        if starts:
            expected = self._habits.expected(text, starts[0], starts[-1] + 1, _MOSTLY)
            usual = min(expected, key=_start, default=None)
            if usual is not None and (reread := stream.reread(usual.start, usual.end, usual.text)):
                side, shared = reread
                self._sides, self._expected = [side], [(usual, shared, side)]
                main = side.coming(limit)
        if self._guesses and not stream.completes:
            main = self._contest.better(self._guesses, main, self._echo.coming(limit))[:limit]
        return main

    def _learn_words(self) -> None:
        """Take further pieces of the drafts for the echo, no more in a step than it can afford."""
        learnt = 0
        for piece in self._unlearnt:
            self._words.extend(piece)
            learnt += len(piece)
            if learnt >= _LEARNT:
                break

    def drafted(self) -> int | None:
        """The token that a draft has here; None where no place in one is known."""
        self._find_back(0)
        coming = [] if self._lost or self._stream is None else self._stream.coming(1)
        return coming[0] if coming else None

    def advance(self, emitted: Sequence[int]) -> None:
        """Take what a step emitted, in plain decoding one token."""
        self._contest.settle(emitted)
        if self._stream is not None and not self._lost:
            self._follow(self._stream, emitted)
        self._echo.extend(emitted)
        self._written.tokens.extend(emitted)

    def _follow(self, stream: Stream, emitted: Sequence[int]) -> None:
        """Move along the stream that agrees with ``emitted`` furthest, as far as it does."""
        agreed = stream.agreement(emitted)
        self._judge(stream, agreed, emitted)
        if agreed < len(emitted):
            for side in self._sides:
                if (further := side.agreement(emitted)) > agreed:
                    self._stream, stream, agreed = side, side, further
        self._places, self._sides = [], []
        before = stream.character
        stream.advance(agreed)
        if agreed >= _TRUSTED_TOKENS or stream.character - before >= _TRUSTED_CHARACTERS:
            if self._guesses:
                self._correct(stream, emitted[:agreed])
            self._guesses, stream.inside = 0, False
        if agreed == len(emitted):
            return
        self._lost = True
        seen = len(self._written.tokens) + agreed
        if self._guesses == 0:
            self._parting = Parting(stream.draft, stream.character, seen)
        self._guesses += not stream.inside  # refuting half a character says little
        self._next_search = len(self._written.tokens) + len(emitted)
        if self._guesses >= _PATIENCE:
            self._next_search += self._pause()

    def _expect(self, stream: Stream, limit: int) -> None:
        """Add the likeliest places of the stream's next tokens where the output may have something else."""
        text, starts = stream.source.text, stream.starts(limit)
        if not starts:
            return
        expected = [*self._habits.expected(text, starts[0], starts[-1] + 1)]
        alternatives = self._alternatives[stream.draft]
        first, last = (bisect_left(alternatives, at, key=_start) for at in (starts[0], starts[-1] + 1))
        expected += alternatives[first:last]
        expected.sort(key=lambda one: -one.probability * _NEAR ** (one.start - starts[0]))
        for one in expected[: _SIDES - len(self._sides)]:
            found = stream.reread(one.start, one.end, one.text)
            if found is not None:
                side, shared = found
                self._sides.append(side)
                self._expected.append((one, shared, side))

    def _judge(self, stream: Stream, agreed: int, emitted: Sequence[int]) -> None:
        """Learn from the step's outcome which expected alternatives were right."""
        for one, shared, side in self._expected:
            if agreed >= shared and len(emitted) > shared:
                right = agreed == shared and side.agreement(emitted) > shared
                self._habits.judge(stream.source.text, one, right)
        self._expected = []

    def _correct(self, stream: Stream, agreed: Sequence[int]) -> None:
        """Learn what the output has for the draft's characters since they parted."""
        start, end, text = self._parting.at, stream.character, stream.source.text
        tokens = [*self._written.tokens[self._parting.seen :], *agreed]
        if tokens[-1:] == [self._end_token]:
            del tokens[-1]
        short = len(tokens) <= _CORRECTION and 0 <= end - start <= _LETTERS * _CORRECTION
        if stream.draft == self._parting.draft and short:
            written = self._codec.decode(tokens)
            self._habits.learn(text[start:end], written, text[max(0, start - 1) : start], text[end : end + 1])

    def _pause(self) -> int:
        """For how many tokens to leave searching alone: the longer it was in vain, the longer."""
        return min(_LONGEST_PAUSE, (len(self._written.tokens) - self._parting.seen) // _VAIN)

    def _find_back(self, others: int) -> None:
        """Where the output has left the draft, look for the place to go on, if that is worth its time."""
        if self._lost and self._finder.drafts and len(self._written.tokens) >= self._next_search:
            self._resync(others)

    def _resync(self, others: int) -> None:
        """Find the output's last characters in the drafts and start the stream after them."""
        found = self._finder.find(self._written, self._parting, self._guesses, others)
        if not found:
            self._next_search = len(self._written.tokens) + max(1, self._pause())
            return
        self._stream, *self._places = found
        self._lost = False


def _start(alternative: Alternative) -> int:
    return alternative.start
