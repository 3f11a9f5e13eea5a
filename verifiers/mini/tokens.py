"""The verifier's vocabulary: the 256 bytes of UTF-8 and four marks.

Bytes (as in ByT5, Xue et al. 2022, arXiv 2105.13626) write every script with a table of 260 rows, and their
count follows the characters that the recogniser saw, so that the decoder knows where in the line it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

PAD, BEGIN, BEGIN_FORMULAS, END = 0, 1, 2, 3  # text begins plain, or with its formulas marked
MARKS = frozenset((PAD, BEGIN, BEGIN_FORMULAS, END))
FIRST_BYTE = 4
VOCABULARY = FIRST_BYTE + 256


def encode(text: str) -> list[int]:
    """Token ids of a text, one a byte; begin and end are not added."""
    return [FIRST_BYTE + byte for byte in text.encode("utf-8", "replace")]


def decode(ids: Sequence[int]) -> str:
    """The text of token ids, marks left out; bytes that are not UTF-8 become U+FFFD."""
    return bytes(i - FIRST_BYTE for i in ids if i >= FIRST_BYTE).decode("utf-8", "replace")


def byte_tokenizer() -> Tokenizer:
    """The vocabulary as a ``tokenizers`` tokenizer, which also says where each token starts in a text."""
    names = ["<pad>", "<begin>", "<begin-formulas>", "<end>"]
    vocabulary = {name: number for number, name in enumerate(names)}
    vocabulary |= {character: FIRST_BYTE + byte for byte, character in enumerate(_byte_characters())}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _byte_characters() -> list[str]:
    """The printable character that stands for each byte in byte-level vocabularies (GPT-2's table)."""
    shown = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(byte if byte in shown else next(spare)) for byte in range(256)]
