"""The draft against the verifier's output: what to propose next, and finding the way back after a rejection.

Pure: no tensors, no model. The tokenizer comes in as a ``Codec``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from docspec.drafters.comparison import agreement, corrections
from docspec.drafters.draft_tokens import Codec, DraftTokens
from docspec.drafters.echo import Echo
from docspec.drafters.locate import ENOUGH, START, STARTS, TAIL, DraftIndex, Place, Query, locate
from docspec.drafters.normalise import fold

__all__ = ["Codec", "DraftCursor", "agreement", "corrections"]

_BROKEN = "\ufffd"
_CHARACTER_TOKENS = 3  # an unfinished character is at most this many byte tokens
_SWITCH = 3.0  # what leaving the present draft for another costs, in matching characters
_TRUSTED_TOKENS, _TRUSTED_CHARACTERS = 2, 4  # agreement that confirms a place
_EXACT = 4  # characters that must agree exactly after a few refuted guesses
_LENIENT = 2  # guesses of a place that need not
_PATIENCE, _PAUSE = 8, 4  # refuted guesses after which searches come only every so many tokens
_WIDE, _LONGEST_PAUSE = 4000, 16  # whole drafts of so many characters cost a pause of one token
_SURE = 0.6  # share of the best possible score from which looking further is pointless
_DENSE = "\u2e80"  # from here on a character says about three times as much as a letter


class _Parting(NamedTuple):
    """Where output and draft last parted: the draft, its character, and the tokens emitted until then."""

    draft: int
    at: int
    seen: int


class DraftCursor:
    """Follows a verifier's output along one or more drafts of it and proposes what comes next.

    ``drafts`` are best first; ``end_token`` follows a draft's last token, where there is one. While the
    output agrees with the draft only token indices move. After a disagreement the next proposal starts
    where the draft's characters match the output's last ones best (see ``locate``), tokenized from there;
    where they match nowhere, the output's own repetitions are proposed.
    """

    def __init__(self, drafts: Sequence[str], codec: Codec, end_token: int | None) -> None:
        self._codec = codec
        self._end_token = end_token
        texts = [draft.encode("utf-8", "replace").decode("utf-8") for draft in drafts if draft.strip()]
        self._drafts = [DraftTokens(text, codec) for text in texts]
        self._echo = Echo()
        self._indexes: dict[int, DraftIndex] = {}
        self._emitted: list[int] = []
        self._parting = _Parting(0, 0, 0)
        self._lost = False  # output and stream have parted and no new place has been found yet
        self._guesses = 0  # places tried since the parting, all refuted
        self._inside = False  # the stream was opened inside a character
        self._next_search = self._next_wide = 0  # emitted tokens from which (wide) search is worth its time
        self._open(0, 0)

    def propose(self, limit: int) -> list[int]:
        """Up to ``limit`` next draft tokens from the current position; the end token follows the draft's
        last token. Empty: nothing to propose."""
        if not self._drafts or limit <= 0:
            return []
        if self._lost and len(self._emitted) >= self._next_search:
            self._resync()
        if self._lost:
            return self._echo.propose(limit)
        self._extend(self._next + limit)
        return self._tokens[self._next : self._next + limit]

    def advance(self, proposed: Sequence[int], accepted: int, emitted: Sequence[int]) -> None:
        """Tell the outcome of a step: ``emitted`` is the accepted run of ``proposed`` and the verifier's own
        next token; in plain decoding ``proposed`` is empty and ``emitted`` that one token."""
        if not self._lost and self._drafts:
            self._follow(emitted)
        elif proposed:
            self._echo.learn(accepted)
        self._emitted.extend(emitted)
        self._echo.extend(emitted)

    def _follow(self, emitted: Sequence[int]) -> None:
        """Move along the stream as far as it agrees with ``emitted``."""
        self._extend(self._next + len(emitted))
        ours = self._tokens[self._next : self._next + len(emitted)]
        agreed = len(emitted)
        if ours != list(emitted):
            pairs = zip(ours, emitted, strict=False)
            agreed = next((i for i, (own, seen) in enumerate(pairs) if own != seen), len(ours))
        before = self._character()
        self._next += agreed
        if agreed >= _TRUSTED_TOKENS or self._character() - before >= _TRUSTED_CHARACTERS:
            self._guesses, self._inside = 0, False
        if agreed == len(emitted):
            return
        self._lost = True
        seen = len(self._emitted) + agreed
        if self._guesses == 0:
            self._parting = _Parting(self._draft, self._character(), seen)
        self._guesses += not self._inside  # refuting half a character says little
        self._next_search = len(self._emitted) + len(emitted)

    def _character(self) -> int:
        """Where the next token of the stream starts in its draft."""
        return self._offsets[self._next] if self._next < len(self._offsets) else self._reached

    def _open(self, draft: int, at: int) -> None:
        """Start the token stream at character ``at`` of a draft."""
        self._draft = draft
        self._reached = at  # the draft's characters up to here are tokens
        self._tokens: list[int] = []
        self._offsets: list[int] = []
        self._next = 0
        self._complete = False

    def _extend(self, length: int) -> None:
        source = self._drafts[self._draft]
        while len(self._tokens) < length and not self._complete:
            if self._reached >= len(source.text):
                self._complete = True
                if self._end_token is not None:
                    self._tokens.append(self._end_token)
                    self._offsets.append(self._reached)
                break
            ids, offsets, self._reached = source.piece(self._reached)
            self._tokens += ids
            self._offsets += offsets

    def _resync(self) -> None:
        """Find the output's last characters in the drafts and start the stream after them."""
        text, whole, pending = self._recent()
        tail = fold(text).text[-TAIL:]
        if whole:
            tail = (START * STARTS + tail)[-TAIL:]
        place = self._find(tail) if tail.strip(START) else None
        if place is None:
            pause = 1 if self._guesses < _PATIENCE else _PAUSE
            self._next_search = len(self._emitted) + pause
            return
        draft, at = place
        if text[-1:].isspace():
            at = _after_white(self._drafts[draft].text, at)
        self._open(draft, at)
        self._next = len(pending)
        self._inside = bool(pending) and self._guesses > 0
        self._extend(self._next + 1)
        self._lost = False

    def _find(self, tail: str) -> tuple[int, int] | None:
        """The draft and the character in it where ``tail`` ends."""
        # A refuted guess asks for more evidence: characters that agree exactly.
        query = Query(tail, self._written(), _ending(tail, min(2 * max(0, self._guesses - _LENIENT), _EXACT)))
        here = self._index(self._parting.draft)
        parted = here.folded_position(self._parting.at)
        best, choice = locate(here, query, parted, whole=False), self._parting.draft
        if (best is None or best.score < _SURE * len(tail)) and len(self._emitted) >= self._next_wide:
            size = 0
            for draft in range(len(self._drafts)):
                index = self._index(draft)
                size += len(index.text)
                share = parted if draft == self._parting.draft else parted * len(index.text) // len(here.text)
                found = locate(index, query, share, whole=True)
                switch = _SWITCH if draft != self._parting.draft else 0.0
                if found is not None and (best is None or found.score - switch > best.score):
                    best, choice = Place(found.at, found.score - switch), draft
            self._next_wide = len(self._emitted) + min(size // _WIDE, _LONGEST_PAUSE)
        if best is None or best.score < min(ENOUGH, 0.4 * len(tail)):
            return None
        return choice, best.at

    def _written(self) -> int:
        """About how many folded characters the output has got since it parted from the stream."""
        count = len(self._emitted) - self._parting.seen
        seen = self._emitted[-max(1, min(count, 2 * TAIL)) :]
        return len(fold(self._codec.decode(seen)).text) * count // max(1, len(seen))

    def _index(self, draft: int) -> DraftIndex:
        if draft not in self._indexes:
            self._indexes[draft] = DraftIndex(self._drafts[draft].text)
        return self._indexes[draft]

    def _recent(self) -> tuple[str, bool, list[int]]:
        """The end of the output, whether that is all of it, and the tokens after it that do not yet make a
        character."""
        count = TAIL // 2
        while True:
            ids = self._emitted[-count:]
            text = self._codec.decode(ids)
            whole = count >= len(self._emitted)
            if whole or len(text) >= 2 * TAIL or count >= 8 * TAIL:
                break
            count *= 2
        pending: list[int] = []
        while text.endswith(_BROKEN) and len(pending) < _CHARACTER_TOKENS and len(pending) < len(ids):
            pending.insert(0, ids[-1 - len(pending)])
            text = self._codec.decode(ids[: len(ids) - len(pending)])
        return (text if whole else text.lstrip(_BROKEN)).rstrip(_BROKEN), whole, pending


def _after_white(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _ending(tail: str, letters: int) -> int:
    """How many characters at the end of ``tail`` say as much as so many letters."""
    count = 0
    while letters > 0 and count < len(tail):
        count += 1
        letters -= 3 if tail[-count] >= _DENSE else 1
    return count
