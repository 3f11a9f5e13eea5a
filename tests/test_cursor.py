"""Following a draft: whatever the draft, the loop ends with the verifier's tokens, and soon where it can."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from docspec.bench.acceptance_loop import TokenCursor, replay
from docspec.drafters.following.cursor import Codec, DraftCursor

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
        window_ids = cursor.propose(window).tokens
        assert len(window_ids) <= window
        rest = wanted[len(output) :]
        accepted = 0
        while accepted < min(len(window_ids), len(rest)) and window_ids[accepted] == rest[accepted]:
            accepted += 1
        emitted = rest[: accepted + 1]
        cursor.advance(emitted)
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
    assert DraftCursor([PROSE], codec, END).propose(10_000).tokens == ids
    assert DraftCursor([PROSE], codec, None).propose(10_000).tokens == ids[:-1]
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


@codecs
def test_a_draft_full_of_single_errors_still_saves_most_steps(codec: Codec) -> None:
    """One wrong character in forty: at least six tokens a step, and more than matching on tokens gives."""
    chance = random.Random(7)
    draft = "".join(chance.choice("aeioust ") if chance.random() < 1 / 40 else c for c in PROSE)
    steps, _ = follow(codec, [draft], PROSE)
    wanted = len(codec.encode(PROSE)[0]) + 1
    assert wanted / steps >= 6
    assert steps < replay(codec, TokenCursor(draft, codec), PROSE, 32).steps


SENTENCES = [f"{sentence}.\n" for sentence in PROSE.replace("\n", " ").split(". ")]


@codecs
def test_a_line_too_many_in_the_draft_is_left_behind(codec: Codec) -> None:
    """A duplicated line, or one that the verifier leaves out, costs three steps."""
    truth = "".join(SENTENCES)
    ideal = least(codec, truth)
    for at in range(1, len(SENTENCES)):
        twice = "".join([*SENTENCES[:at], SENTENCES[at], *SENTENCES[at:]])
        assert follow(codec, [twice], truth)[0] <= ideal + 3
        alien = "".join([*SENTENCES[:at], "Figure caption, page header or so\n", *SENTENCES[at:]])
        assert follow(codec, [alien], truth)[0] <= ideal + 3


@codecs
def test_a_line_missing_in_the_draft_is_written_plainly_and_then_the_rest_found(codec: Codec) -> None:
    """The verifier writes the line itself; after it the draft is found again within a few steps."""
    for at in range(1, len(SENTENCES)):
        line = "An extra remark stood in the margin here, by another hand.\n"
        truth = "".join([*SENTENCES[:at], line, *SENTENCES[at:]])
        written = len(codec.encode(line)[0])
        assert follow(codec, ["".join(SENTENCES)], truth)[0] <= least(codec, truth) + written + 4


@codecs
def test_swapped_paragraphs_are_found(codec: Codec) -> None:
    """Another reading order costs a few steps for each jump."""
    paragraphs = PROSE.split("\n\n")
    draft = "\n\n".join([paragraphs[2], paragraphs[0], paragraphs[3], paragraphs[1]])
    assert follow(codec, [draft], PROSE)[0] <= least(codec, PROSE) + 4 * 8


@codecs
def test_a_garbage_draft_is_given_up(codec: Codec) -> None:
    """Hardly anything but what was written before is proposed, so a bad draft costs next to nothing."""
    chance = random.Random(5)
    garbage = "".join(chance.choice("qxzjkvwypb 0123456789#@") for _ in range(3000))
    steps, proposed = follow(codec, [garbage], PROSE, window=8)
    assert proposed <= 2 * steps
    other = " ".join(chance.sample(PROSE.split(), len(PROSE.split())))
    steps, proposed = follow(codec, [other], PROSE, window=8)
    assert proposed <= 6 * steps


@codecs
def test_another_draft_takes_over(codec: Codec) -> None:
    """Where the first draft ends or fails, the second is used."""
    half = len(PROSE) // 2
    drafts = ["Q" * 50 + PROSE[half:], PROSE[:half] + "z" * 50]
    assert follow(codec, drafts, PROSE)[0] <= least(codec, PROSE) + 12


def test_an_unfinished_character_is_completed_from_the_draft() -> None:
    """When the output stops inside a character, the proposal goes on with its other bytes."""
    truth = "naïve “Ωmega” 漢字 😀 end"
    ids = BPE.encode(truth)[0]
    for cut in range(1, len(ids)):
        cursor = DraftCursor(["Wrong start. " + truth], BPE, END)
        for token in ids[:cut]:
            cursor.advance([token])
        if len(BPE.decode(ids[:cut])) >= 6:
            assert cursor.propose(100).tokens == [*ids[cut:], END]


def test_plain_steps_keep_the_place() -> None:
    """Decoding without proposals moves along the draft just the same."""
    ids = [*BPE.encode(PROSE)[0], END]
    cursor = DraftCursor([PROSE], BPE, END)
    for at, token in enumerate(ids):
        assert cursor.propose(3).tokens == ids[at : at + 3]
        cursor.advance([token])
    assert cursor.propose(3).tokens == []


@pytest.mark.parametrize("drafts", [[], [""], [" \n\t "], ["", ""]])
def test_without_a_draft_only_repetitions_are_proposed(drafts: list[str]) -> None:
    """No text, no proposal, not even the end; what the output has already written may come again."""
    cursor = DraftCursor(drafts, BPE, END)
    cursor.advance([5, 6, 7, 8])
    assert cursor.propose(10).tokens == []
    cursor.advance([5, 6, 7])
    assert cursor.propose(1).tokens == [8]


edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.text("abc XYZ.\n漢é–“", max_size=12)), max_size=6
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([TOY, BPE]), edits, st.floats(0, 1), st.integers(1, 64))
def test_any_edits_of_the_draft_leave_the_output_alone(
    codec: Codec, changes: list[tuple[float, int, str]], part: float, window: int
) -> None:
    """The loop ends with exactly the truth, never in more steps than tokens."""
    truth = draft = PROSE[: 40 + int(part * 800)]
    for where, gone, new in changes:
        at = int(where * len(draft))
        draft = draft[:at] + new + draft[at + gone :]
    follow(codec, [draft], truth, window)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=120), max_size=3), st.text(max_size=60), st.integers(0, 40))
def test_hostile_drafts_raise_nothing(drafts: list[str], truth: str, window: int) -> None:
    """Any characters whatever, in any number of drafts, lone surrogates included."""
    follow(BPE, [*drafts, "\ud800" + truth[::-1]], truth, window)


def test_a_very_long_draft_is_searched_quickly() -> None:
    """A jump of 90,000 characters is found, and one proposal takes milliseconds, not seconds."""
    chance = random.Random(2)
    words = PROSE.split()
    draft = " ".join(chance.choice(words) + str(chance.randrange(1000)) for _ in range(12_000))
    start = len(draft) - 3000
    assert follow(BPE, [draft], draft[start:], window=64)[0] <= least(BPE, draft[start:], 64) + 20
