"""Following a draft: whatever the draft, the loop ends with the verifier's tokens, and soon where it can."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from docspec.drafters.matching import Codec, DraftCursor

END = 10**6

PROSE = """The method of least squares goes back to the early nineteenth century. Astronomers wished to \
predict where a minor planet would appear after it had passed behind the sun, and their few measurements \
disagreed. Each of them was a little wrong; together they were much better than any one.

Suppose that a quantity depends on two unknowns in a known way. Every observation gives one equation, and \
with three or more there is in general no exact solution. The sum of the squared residuals is a measure of \
how badly a guess fits: it is never negative, it is smooth, and it has a single lowest point.

Later writers replaced the square by other losses. An absolute value forgives one wild reading where the \
square would bend the whole line towards it; a logarithm forgives even more. What is lost is the closed \
formula, which in 1805 was worth a great deal & today is worth little (about 0.3% of the running time).

Tables of such comparisons fill the older textbooks: 12.5, 13.75 and 14.02 seconds for the first method, \
11.9, 12.1 and 19.6 for the second. It is left to the reader to say which of them is "better" and why.
"""


class ToyCodec:
    """Greedy longest match over a small vocabulary: boundaries move when the text before them changes."""

    def __init__(self) -> None:
        words = sorted(set(PROSE.replace("\n", " ").split()))
        pieces = {word[:n] for word in words for n in (2, 3, 5)} | {" " + word[:4] for word in words}
        self._vocabulary = {piece: i for i, piece in enumerate(sorted(pieces))}
        self._pieces = {i: piece for piece, i in self._vocabulary.items()}
        self._longest = max(map(len, pieces))

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        ids, offsets, at = [], [], 0
        while at < len(text):
            sizes = range(min(self._longest, len(text) - at), 1, -1)
            size = next((n for n in sizes if text[at : at + n] in self._vocabulary), 1)
            piece = text[at : at + size]
            ids.append(self._vocabulary.get(piece, 100_000 + ord(piece[0])))
            offsets.append(at)
            at += size
        return ids, offsets

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self._pieces.get(i) or chr(i - 100_000) for i in ids if i != END)


class BpeCodec:
    """A real byte-level BPE, so that characters can span tokens."""

    def __init__(self) -> None:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, show_progress=False)
        tokenizer.train_from_iterator([PROSE], trainer)
        self.tokenizer = tokenizer

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, [start for start, _ in encoding.offsets]

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode([i for i in ids if i != END]))


TOY, BPE = ToyCodec(), BpeCodec()
codecs = pytest.mark.parametrize("codec", [TOY, BPE], ids=["toy", "bpe"])


def follow(codec: Codec, drafts: Sequence[str], truth: str, window: int = 32) -> tuple[int, int]:
    """Verify ``truth`` with the cursor's proposals; the number of steps and of tokens proposed."""
    wanted = [*codec.encode(truth)[0], END]
    cursor = DraftCursor(drafts, codec, END)
    output: list[int] = []
    steps = proposed = 0
    while len(output) < len(wanted):
        window_ids = cursor.propose(window)
        assert len(window_ids) <= window
        rest = wanted[len(output) :]
        accepted = 0
        while accepted < min(len(window_ids), len(rest)) and window_ids[accepted] == rest[accepted]:
            accepted += 1
        emitted = rest[: accepted + 1]
        cursor.advance(window_ids, min(accepted, len(emitted)), emitted)
        output += emitted
        steps, proposed = steps + 1, proposed + len(window_ids)
        assert steps <= len(wanted)
    assert output == wanted
    return steps, proposed


def least(codec: Codec, truth: str, window: int = 32) -> int:
    """Steps with a perfect draft."""
    return -(-(len(codec.encode(truth)[0]) + 1) // (window + 1))


@codecs
def test_a_perfect_draft_is_proposed_whole(codec: Codec) -> None:
    """Nothing but the draft's own tokens and the end token comes out, in one piece or in windows."""
    ids = [*codec.encode(PROSE)[0], END]
    assert DraftCursor([PROSE], codec, END).propose(10_000) == ids
    assert DraftCursor([PROSE], codec, None).propose(10_000) == ids[:-1]
    assert follow(codec, [PROSE], PROSE)[0] == least(codec, PROSE)


@codecs
@pytest.mark.parametrize("kind", ["substitution", "insertion", "deletion"])
def test_one_wrong_character_costs_about_two_steps(codec: Codec, kind: str) -> None:
    """Over many places, one edit in a page costs two more steps on average, and never more than five."""
    chance = random.Random(4)
    extra = []
    for _ in range(60):
        at = chance.randrange(len(PROSE) - 2)
        new = chance.choice("aeinrst ,")
        middle = {"substitution": new, "insertion": new + PROSE[at], "deletion": ""}[kind]
        draft = PROSE[:at] + middle + PROSE[at + 1 :]
        extra.append(follow(codec, [draft], PROSE)[0] - least(codec, PROSE))
    assert sum(extra) / len(extra) <= 2.0
    assert max(extra) <= 5
