"""What else each byte of an output may be: kept while decoding, for drafts with alternatives."""

from __future__ import annotations

import codecs
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import torch

from docspec.drafters.following.tree import Tree
from docspec.types import Alternative
from docspec.verifiers.acceptance import Accepted
from docspec.verifiers.decide import Decide
from docspec.verifiers.mini.tokens import FIRST_BYTE
from docspec.verifiers.sequence import Sequence as Decoding

WORTH_KEEPING = 0.03  # probability that a second reading needs
_PRINTED = range(FIRST_BYTE + 32, FIRST_BYTE + 127)  # tokens that are a character that shows, or a space


@dataclass(frozen=True, slots=True)
class Byte:
    """A token emitted, the likeliest other one, and how probable that is."""

    token: int
    other: int
    probability: float


@dataclass(frozen=True)
class WithAlternatives:
    """Decides as ``inner`` does, and keeps what else each token could have been, by sequence key."""

    inner: Decide
    emitted: dict[Hashable, list[Byte]] = field(default_factory=dict)

    def __call__(self, sequences: list[Decoding], trees: list[Tree], logits: torch.Tensor) -> list[Accepted]:
        """See docspec.verifiers.decide.Decide."""
        accepted = self.inner(sequences, trees, logits)
        chances, tokens = logits.float().softmax(-1).topk(2)  # [n, C, 2]
        for row, (sequence, tree, one) in enumerate(zip(sequences, trees, accepted, strict=True)):
            first = logits.shape[1] - len(tree) - 1
            columns = [first, *(first + node + 1 for node in one.nodes)]
            kept = self.emitted.setdefault(sequence.key, [])
            for column, token in zip(columns, one.tokens, strict=True):
                rank = int(tokens[row, column, 0] == token)
                kept.append(Byte(token, int(tokens[row, column, rank]), float(chances[row, column, rank])))
        return accepted


def byte_alternatives(emitted: Sequence[Byte]) -> tuple[str, list[Alternative]]:
    """The text of an output and its second readings where those are a character: another one, one more
    space, or one less."""
    text = ""
    found = []
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for number, byte in enumerate(emitted):
        if byte.token < FIRST_BYTE:
            continue
        if byte.probability >= WORTH_KEEPING and byte.token in _PRINTED and byte.other in _PRINTED:
            following = emitted[number + 1].token if number + 1 < len(emitted) else -1
            end, other = len(text) + 1, chr(byte.other - FIRST_BYTE)
            if other == " ":
                end = len(text)  # the character comes after it
            elif byte.token == FIRST_BYTE + ord(" ") and byte.other == following:
                other = ""
            found.append(Alternative(len(text), end, other, byte.probability))
        text += decoder.decode(bytes([byte.token - FIRST_BYTE]))
    return text, found
