"""A tokenizer for benchmarks that belongs to no model, trained when it is needed, and not on test data.

Byte-level BPE with single digits, as the large models have it. The text: Python's own documentation and the
licences of the installed packages; and the characters of GB 2312 and general punctuation, so that a Chinese
character or a dash is a token, not three bytes (large vocabularies join some of them further).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distributions
from pydoc_data.topics import topics

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 16_000
LICENCES = ("LICEN", "COPYING", "NOTICE")
GB2312_ROWS = (0xA1, 0xA3, *range(0xB0, 0xF8))  # punctuation, full-width forms, Chinese characters
PUNCTUATION = range(0x2010, 0x2027)
DESCRIPTION = "byte-level BPE of 16k, trained at start on Python's documentation and licences"


def neutral_tokenizer() -> Tokenizer:
    """The tokenizer; the same wherever the same packages are installed. Takes a few seconds."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def _texts() -> Iterator[str]:
    yield from topics.values()
    for package in sorted(distributions(), key=lambda package: str(package.name)):
        for file in package.files or ():
            if file.name.upper().startswith(LICENCES):
                try:
                    yield file.read_text(encoding="utf-8")
                except (OSError, ValueError):
                    continue  # a licence more or less
    for row in GB2312_ROWS:
        cells = bytes(byte for cell in range(0xA1, 0xFF) for byte in (row, cell))
        yield "\n".join(cells.decode("gb2312", "ignore") * 3)
    yield "\n".join("".join(map(chr, PUNCTUATION)) * 3)
