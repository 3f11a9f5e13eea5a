"""Text to a verifier's tokens and back, over a ``tokenizers`` tokenizer."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer


class TokenizerCodec:
    """The ``Codec`` of docspec.drafters.following.cursor over a ``tokenizers.Tokenizer``.

    ``unwritten`` are ids without text, beside those that the tokenizer itself knows as special; these are
    part of the text with ``special`` (layout tags).
    """

    def __init__(
        self, tokenizer: Tokenizer, unwritten: frozenset[int] = frozenset(), *, special: bool = False
    ) -> None:
        self.tokenizer = tokenizer
        self.unwritten = unwritten
        self.special = special

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Token ids of ``text`` without special tokens, and the character offset where each one starts."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        starts, reached = [], 0
        for start, end in encoding.offsets:
            # a tokenizer may leave a token's leading space out of its span: the token starts where the last
            # one ended; pieces of one character all start where it does
            starts.append(min(start, reached))
            reached = end
        return encoding.ids, starts

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ``ids``, without the tokens that have none."""
        written = [token for token in ids if token not in self.unwritten]
        return str(self.tokenizer.decode(written, skip_special_tokens=not self.special))
