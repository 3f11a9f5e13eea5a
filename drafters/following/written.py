"""The output so far, folded for matching as it grows: each token is decoded once."""

from __future__ import annotations

from typing import NamedTuple

from docspec.drafters.following.draft_tokens import Codec
from docspec.drafters.following.normalise import folded

TAIL = 32  # folded characters of output that are looked for
_BROKEN = "\ufffd"
_CHARACTER_TOKENS = 3  # an unfinished character is at most this many byte tokens
_MOST = 8 * TAIL  # tokens read at a time: what came before them is not looked for


class Ending(NamedTuple):
    """How an output ends: its last folded characters, how many there were in all, if white space follows
    them, and after that how many tokens that do not yet make a character."""

    tail: str
    characters: int
    white: bool
    pending: int


class Written:
    """An output's tokens, and their text as far as it was asked for."""

    def __init__(self, codec: Codec) -> None:
        self.tokens: list[int] = []
        self._codec = codec
        self._read = 0  # tokens
        self._tail = ""
        self._count = 0
        self._white = False

    def read(self, upto: int) -> int:
        """Read the first ``upto`` tokens, but for an unfinished character at their end; the number of folded
        characters until there."""
        end, first = upto, max(self._read, upto - _MOST)
        text = self._codec.decode(self.tokens[first:end]) if end > first else ""
        while text.endswith(_BROKEN) and first < end and upto - end < _CHARACTER_TOKENS:
            end -= 1
            text = self._codec.decode(self.tokens[first:end])
        if end > self._read:
            # decoders drop a leading space: what has no text may have been one
            self._white = not text or text[-1].isspace()
            new = folded(text)
            self._count += len(new)
            self._tail = (self._tail + new)[-TAIL:]
            self._read = end
        return self._count

    def ending(self) -> Ending:
        """How the output ends now."""
        self.read(len(self.tokens))
        return Ending(self._tail, self._count, self._white, len(self.tokens) - self._read)
