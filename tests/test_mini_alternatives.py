"""What the mini was unsure of, as alternatives of its draft."""

from __future__ import annotations

import torch

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.tree import Tree
from docspec.drafters.reading.alternatives import moved_alternatives
from docspec.types import Alternative
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import exact
from docspec.verifiers.mini.alternatives import Byte, WithAlternatives, byte_alternatives
from docspec.verifiers.mini.tokens import END, FIRST_BYTE, MARKS, VOCABULARY, byte_tokenizer, encode
from docspec.verifiers.sequence import Prompt, Sequence


def emitted(text: str, **others: str) -> list[Byte]:
    """The bytes of ``text``; ``others`` are what they may also be, by place as ``at3="x"``."""
    tokens = [*encode(text), END]
    seconds = {int(at.removeprefix("at")): FIRST_BYTE + ord(other) for at, other in others.items()}
    return [
        Byte(token, seconds.get(i, END), 0.2 if i in seconds else 0.001) for i, token in enumerate(tokens)
    ]


def test_another_character_a_space_more_and_a_space_less() -> None:
    """Each kind of second reading, counted in characters, not bytes."""
    text, found = byte_alternatives(emitted("é cat sat", at3="o", at8="n", at7=" ", at6="s"))
    assert text == "é cat sat"
    assert found == [
        Alternative(2, 3, "o", 0.2),
        Alternative(5, 6, "", 0.2),
        Alternative(6, 6, " ", 0.2),
        Alternative(7, 8, "n", 0.2),
    ]


def test_broken_characters_are_as_in_the_text() -> None:
    """Bytes that are not UTF-8 do not move what follows."""
    broken = [Byte(FIRST_BYTE + 0xF0, END, 0.5), *emitted("abcd", at3="x")]
    text, found = byte_alternatives(broken)
    assert text == "\ufffdabcd"
    assert found == [Alternative(4, 5, "x", 0.2)]


def test_second_choices_are_kept_along_the_accepted_path() -> None:
    """For every token emitted the likeliest other one, whether the draft was accepted or not."""
    codec = TokenizerCodec(byte_tokenizer(), unwritten=MARKS)
    prompt = Prompt(torch.zeros(1, 4), torch.zeros(1, 1, dtype=torch.long))
    cursor, draft = DraftCursor([], codec, END), DraftedNext("", codec, END)
    sequence = Sequence("key", prompt, cursor, frozenset((END,)), 9, draft)
    a, b, c = encode("abc")
    logits = torch.full((1, 4, VOCABULARY), -20.0)  # the first column is padding
    for column, (best, second) in enumerate([(a, b), (b, c), (c, a)], start=1):
        logits[0, column, best], logits[0, column, second] = 1.0, 0.0
    alternatives = WithAlternatives(exact)
    [accepted] = alternatives([sequence], [Tree.chain([a, c])], logits)
    assert accepted.tokens == [a, b]
    assert [(byte.token, byte.other) for byte in alternatives.emitted["key"]] == [(a, b), (b, c)]
    assert 0.2 < alternatives.emitted["key"][0].probability < 0.3


def test_alternatives_move_with_their_text() -> None:
    """Where the text around them is kept they follow it."""
    known = [Alternative(1, 2, "x", 0.5)]
    assert moved_alternatives(known, "abc", "- abc") == (Alternative(3, 4, "x", 0.5),)
    assert moved_alternatives(known, "abc", "zzz") == ()
