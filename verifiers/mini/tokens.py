"""The verifier's vocabulary: byte-level BPE whose words carry their leading space, every digit alone.

``python -m docspec.verifiers.mini.tokens --corpus DIR --output tokenizer.json`` trains it.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, BEGIN, LINE, END = 0, 1, 2, 3
SPECIAL = ("<pad>", "<begin>", "<line>", "<end>")
VOCABULARY = 1280
_PIECES = r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s"


class MiniTokenizer:
    """Text to token ids and back; ``decode(encode(text)) == text`` for every text.

    Special tokens (:data:`PAD`, :data:`BEGIN`, :data:`LINE`, :data:`END`) are never produced by ``encode``,
    not even from text that spells them, and are left out by ``decode``.
    """

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Token ids of a text; begin and end are not added."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[int]]:
        """Token ids of a text and the index of each token's first character."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return list(encoding.ids), [start for start, _ in encoding.offsets]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids; bytes that are not UTF-8 become U+FFFD."""
        return str(self._tokenizer.decode([i for i in ids if i >= len(SPECIAL)], skip_special_tokens=False))


def new_tokenizer() -> Tokenizer:
    """An untrained tokenizer; text is split into pieces that never depend on what stands before them."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def main() -> None:
    """Train the vocabulary on random paragraphs of the training text."""
    from docspec.verifiers.mini.texts import TextSource

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--paragraphs", type=int, default=60_000)
    options = parser.parse_args()
    source, rng = TextSource.load(options.corpus, evaluation=False), random.Random(0)
    tokenizer = new_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((source.paragraph(rng)[0] for _ in range(options.paragraphs)), trainer)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    # Without this the text "<end>" would become the end token instead of five characters.
    table = json.loads(tokenizer.to_str()) | {"added_tokens": []}
    options.output.write_text(json.dumps(table, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
