"""The draft against the verifier's output: what to propose next, and finding the way back after a rejection.

Pure: no tensors, no model. The tokenizer comes in as a ``Codec``.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Protocol

from docspec.drafters.comparison import agreement, corrections
from docspec.drafters.locate import START, STARTS, TAIL, DraftIndex, Place, enough, locate, sure
from docspec.drafters.normalise import fold

__all__ = ["Codec", "DraftCursor", "agreement", "corrections"]

_PIECE = 256  # characters tokenized at a time
_JOINT = re.compile(r"(?<=\w) (?=\w)")  # no tokenizer's vocabulary reaches over the start of a plain word
_JOINT_REACH = 64
_BROKEN = "\ufffd"
_CHARACTER_TOKENS = 3  # an unfinished character is at most this many byte tokens
_SWITCH = 3.0  # what leaving the present draft for another costs, in matching characters
_PATIENCE = 2  # resyncs in a row that may lead nowhere before searches get rarer
_LONGEST_WAIT = 32  # tokens between searches in a hopeless draft


class Codec(Protocol):
    """The verifier's tokenizer, thin."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Token ids of a piece of running text (no special tokens, no added prefix space) and, per token,
        the character offset in text where it starts."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Text of the ids, special tokens left out; a broken multi-byte tail decodes to U+FFFD."""
        ...


class _DraftTokens:
    """A draft's token ids, made a piece at a time and kept, readable from any character."""

    def __init__(self, text: str, codec: Codec) -> None:
        self.text = text
        self._codec = codec
        self._cuts = [0]  # where pieces start, as far as known
        self._pieces: dict[int, tuple[list[int], list[int]]] = {}

    def piece(self, at: int) -> tuple[list[int], list[int], int]:
        """Ids and their draft offsets from character ``at`` on, and the character after the last of them.

        Only the first few characters are tokenized anew: from the next joint on the draft's own
        tokenization goes on.
        """
        joint = self._joint(at)
        if joint > at:
            ids, offsets = self._codec.encode(self.text[at:joint])
            return ids, [at + offset for offset in offsets], joint
        start, end = self._piece_around(at)
        ids, offsets = self._encoded(start, end)
        first = bisect_left(offsets, at)
        return ids[first:], offsets[first:], end

    def _joint(self, at: int) -> int:
        """The next character from which the draft's own tokens can be used."""
        start, end = self._piece_around(at)
        if at == start:
            return at
        match = _JOINT.search(self.text, at, min(end, at + _JOINT_REACH))
        if match is not None and match.start() == at and self._starts_token(start, end, at):
            return at
        if match is not None and match.start() > at and self._starts_token(start, end, match.start()):
            return match.start()
        _, offsets = self._encoded(start, end)
        later = bisect_left(offsets, min(at + _JOINT_REACH // 4, end))
        return offsets[later] if later < len(offsets) else end

    def _starts_token(self, start: int, end: int, at: int) -> bool:
        _, offsets = self._encoded(start, end)
        found = bisect_left(offsets, at)
        return found < len(offsets) and offsets[found] == at

    def _encoded(self, start: int, end: int) -> tuple[list[int], list[int]]:
        if start not in self._pieces:
            ids, offsets = self._codec.encode(self.text[start:end])
            self._pieces[start] = (ids, [start + offset for offset in offsets])
        return self._pieces[start]

    def _piece_around(self, at: int) -> tuple[int, int]:
        while self._cuts[-1] <= at and self._cuts[-1] < len(self.text):
            self._cuts.append(self._cut_after(self._cuts[-1]))
        found = bisect_right(self._cuts, at)
        return self._cuts[found - 1], self._cuts[min(found, len(self._cuts) - 1)]

    def _cut_after(self, start: int) -> int:
        wanted = start + _PIECE
        if wanted + _JOINT_REACH >= len(self.text):
            return len(self.text)
        match = _JOINT.search(self.text, wanted, wanted + _JOINT_REACH)
        return match.start() if match is not None else wanted


class DraftCursor:
    """Follows a verifier's output along one or more drafts of it and proposes what comes next.

    ``drafts`` are best first; ``end_token`` follows a draft's last token, where there is one. While the
    output agrees with the draft only token indices move. After a disagreement the next proposal starts
    where the draft's characters match the output's last ones best (see ``locate``), tokenized from there.
    """

    def __init__(self, drafts: Sequence[str], codec: Codec, end_token: int | None) -> None:
        self._codec = codec
        self._end_token = end_token
        texts = [draft.encode("utf-8", "replace").decode("utf-8") for draft in drafts if draft.strip()]
        self._drafts = [_DraftTokens(text, codec) for text in texts]
        self._indexes: dict[int, DraftIndex] = {}
        self._emitted: list[int] = []
        self._lost = False  # output and stream have parted and no new place has been found yet
        self._parted = 0  # emitted tokens when they parted
        self._misses = 0  # failed resyncs, less accepted tokens since
        self._next_search = 0  # emitted tokens from which searching is worth its time
        self._open(0, 0)

    def propose(self, limit: int) -> list[int]:
        """Up to ``limit`` next draft tokens from the current position; the end token follows the draft's
        last token. Empty: nothing to propose."""
        if not self._drafts or limit <= 0:
            return []
        if self._lost and len(self._emitted) >= self._next_search:
            self._resync()
        if self._lost:
            return []
        self._extend(self._next + limit)
        return self._tokens[self._next : self._next + limit]

    def advance(self, proposed: Sequence[int], accepted: int, emitted: Sequence[int]) -> None:
        """Tell the outcome of a step: ``emitted`` is the accepted run of ``proposed`` and the verifier's own
        next token; in plain decoding ``proposed`` is empty and ``emitted`` that one token."""
        if not self._lost and self._drafts:
            self._follow(emitted)
        self._emitted.extend(emitted)

    def _follow(self, emitted: Sequence[int]) -> None:
        """Move along the stream as far as it agrees with ``emitted``."""
        self._extend(self._next + len(emitted))
        ours = self._tokens[self._next : self._next + len(emitted)]
        agreed = len(emitted)
        if ours != list(emitted):
            pairs = zip(ours, emitted, strict=False)
            agreed = next((i for i, (own, seen) in enumerate(pairs) if own != seen), len(ours))
        self._next += agreed
        self._misses = max(0, self._misses - agreed)
        if agreed < len(emitted):
            self._lost = True
            self._parted = len(self._emitted) + agreed
            self._misses += 1
            wait = 0 if self._misses <= _PATIENCE else min(2 ** (self._misses - _PATIENCE), _LONGEST_WAIT)
            self._next_search = len(self._emitted) + len(emitted) + wait

    def _open(self, draft: int, at: int) -> None:
        """Start the token stream at character ``at`` of a draft."""
        self._draft = draft
        self._start = self._reached = at
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
        tail, pending = self._tail()
        place = self._find(tail)
        if place is not None:
            draft, at = place
            parted = self._offsets[self._next] if self._next < len(self._offsets) else self._reached
            kept = self._draft, parted
            self._open(draft, at)
            self._extend(len(pending) + 1)
            if self._tokens[: len(pending)] == pending:
                self._next = len(pending)
                self._lost = False
                return
            self._open(*kept)
        self._misses += 1
        wait = min(2 ** max(0, self._misses - _PATIENCE), _LONGEST_WAIT)
        self._next_search = len(self._emitted) + (1 if pending else wait)

    def _find(self, tail: str) -> tuple[int, int] | None:
        """The draft and the character in it where ``tail`` ends."""
        if not tail.strip(START):
            return None
        parted = self._offsets[self._next] if self._next < len(self._offsets) else self._reached
        written = self._written()
        here = self._index(self._draft)
        expected = min(here.folded_position(parted) + written, len(here.text))
        best, choice = locate(here, tail, expected, whole=False), self._draft
        if best.score < sure(tail):
            for draft in range(len(self._drafts)):
                index = self._index(draft)
                share = expected if draft == self._draft else expected * len(index.text) // len(here.text)
                found = locate(index, tail, share, whole=True)
                score = found.score - (_SWITCH if draft != self._draft else 0.0)
                if score > best.score:
                    best, choice = Place(found.at, score), draft
        return (choice, best.at) if best.score >= enough(tail) else None

    def _written(self) -> int:
        """About how many folded characters the output has got since it parted from the stream."""
        count = len(self._emitted) - self._parted
        seen = self._emitted[-min(count, 2 * TAIL) :]
        return len(fold(self._codec.decode(seen)).text) * count // max(1, len(seen))

    def _index(self, draft: int) -> DraftIndex:
        if draft not in self._indexes:
            self._indexes[draft] = DraftIndex(self._drafts[draft].text)
        return self._indexes[draft]

    def _tail(self) -> tuple[str, list[int]]:
        """The output's last characters, folded, and the tokens after them that are part of a character."""
        count = TAIL // 2
        while True:
            ids = self._emitted[-count:]
            text = self._codec.decode(ids)
            whole = count >= len(self._emitted)
            if whole or len(text) >= TAIL + _CHARACTER_TOKENS or count >= 8 * TAIL:
                break
            count *= 2
        pending: list[int] = []
        while text.endswith(_BROKEN) and len(pending) < _CHARACTER_TOKENS and len(pending) < len(ids):
            pending.insert(0, ids[-1 - len(pending)])
            text = self._codec.decode(ids[: len(ids) - len(pending)])
        text = text if whole else text.lstrip(_BROKEN)
        folded = fold(text.rstrip(_BROKEN)).text
        return (START * STARTS + folded if whole else folded)[-TAIL:], pending
