"""The tokens of a draft from one of its characters on, and how far the output has followed them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from docspec.drafters.following.draft_tokens import DraftTokens
from docspec.drafters.following.tree import shared_start

_COMPARED = 32  # tokens compared at a time


class Stream:
    """What the output may go on with: ``source`` read from character ``at``, after it ``end_token``.

    ``ids`` come first, the tokens of a different reading of what stands before ``at``, each at the character
    of the draft in ``offsets``. ``draft`` is the draft's number. The first ``skip`` tokens are in the output
    already. ``inside`` says that it began inside a character, so that its refutation says little.
    """

    def __init__(
        self,
        source: DraftTokens,
        at: int,
        end_token: int | None,
        *,
        ids: Sequence[int] = (),
        offsets: Sequence[int] = (),
        draft: int = 0,
        skip: int = 0,
        inside: bool = False,
    ) -> None:
        self.source = source
        self.draft = draft
        self.inside = inside
        self._end_token = end_token
        self._reached = at  # the draft's characters up to here are tokens
        self._tokens = list(ids)
        self._offsets = list(offsets)
        self._next = skip
        self.completes = skip > 0  # the output stands inside a character, whose other bytes come first
        self._complete = False

    @property
    def character(self) -> int:
        """Where the next token starts in the draft."""
        return self._offsets[self._next] if self._next < len(self._offsets) else self._reached

    def coming(self, limit: int) -> list[int]:
        """Up to ``limit`` next tokens."""
        return self._coming(0, limit)

    def _coming(self, after: int, limit: int) -> list[int]:
        """The same of what comes ``after`` so many."""
        first = self._next + after
        self._extend(first + limit)
        return self._tokens[first : first + limit]

    def starts(self, limit: int) -> list[int]:
        """The characters of the draft where the tokens of ``coming(limit)`` start."""
        self._extend(self._next + limit)
        return self._offsets[self._next : self._next + limit]

    def agreement(self, emitted: Sequence[int]) -> int:
        """How many of the next tokens are the ``emitted`` ones."""
        agreed = 0
        while agreed < len(emitted):  # a part at a time: what comes after a disagreement need not be made
            part = [*emitted[agreed : agreed + _COMPARED]]
            ours = self._coming(agreed, len(part))
            if ours != part:
                return agreed + shared_start(ours, part)
            agreed += len(part)
        return agreed

    def reread(self, start: int, end: int, text: str) -> tuple[Stream, int] | None:
        """The stream in which the draft has ``text`` for its characters ``start`` to ``end``, and how many
        next tokens it has in common with this one. None where ``start`` is past, or nothing differs."""
        shared = bisect_right(self._offsets, start, lo=self._next) - 1
        if shared < self._next or end < start:
            return None
        while shared > self._next and not _begins_word(self.source.text, self._offsets[shared]):
            shared -= 1
        first = self._offsets[shared]
        ids, offsets, joint = self.source.reread(start, end, text, first)
        own = slice(self._next, shared)
        ids, offsets = [*self._tokens[own], *ids], [*self._offsets[own], *offsets]
        stream = Stream(self.source, joint, self._end_token, draft=self.draft, ids=ids, offsets=offsets)
        agreed = stream.agreement(self.coming(len(ids)))
        return (stream, agreed) if agreed < len(ids) else None

    def advance(self, count: int) -> None:
        """The output has followed ``count`` tokens further."""
        self._next += count
        self.completes = self.completes and count == 0

    def _extend(self, length: int) -> None:
        while len(self._tokens) < length and not self._complete:
            if self._reached >= len(self.source.text):
                self._complete = True
                if self._end_token is not None:
                    self._tokens.append(self._end_token)
                    self._offsets.append(self._reached)
                break
            ids, offsets, self._reached = self.source.piece(self._reached)
            self._tokens += ids
            self._offsets += offsets


def _begins_word(text: str, at: int) -> bool:
    """Whether tokens from ``at`` on do not depend on what stands before it."""
    return at < len(text) and (text[at].isspace() or not (text[at].isascii() and text[at].isalnum()))
