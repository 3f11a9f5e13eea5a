"""Pages as JSON: after a wrong digit or label the rest of the draft is found again at once."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pytest
from test_cursor import PROSE
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from docspec.bench.acceptance_loop import END, replay
from docspec.drafters.following.cursor import DraftCursor

LABELS = ["Text", "Title", "Section-header", "List-item", "Caption", "Footnote", "Table", "Page-header"]
SENTENCES = [f"{sentence}." for sentence in PROSE.replace("\n", " ").split(". ")]
WINDOW = 64


class DigitCodec:
    """Byte-level BPE in which every digit is a token of its own, as in the large models."""

    def __init__(self) -> None:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=alphabet, show_progress=False)
        pages = [json.dumps(page(random.Random(seed))) for seed in range(100, 108)]
        tokenizer.train_from_iterator([PROSE, *pages], trainer)
        self.tokenizer = tokenizer

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, [start for start, _ in encoding.offsets]

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode([token for token in ids if token != END]))


def page(chance: random.Random) -> list[dict[str, Any]]:
    """25 regions one below the other."""
    regions, top = [], 50
    for _ in range(25):
        left, height = chance.randint(60, 900), chance.randint(20, 90)
        box = [left, top, left + chance.randint(200, 700), top + height]
        regions.append({"bbox": box, "category": chance.choice(LABELS), "text": chance.choice(SENTENCES)})
        top += height + chance.randint(5, 20)
    return regions


@lru_cache
def codec() -> DigitCodec:
    """The codec, trained once."""
    return DigitCodec()


def extra_steps(seed: int, share: float, labels: float, reach: int) -> tuple[int, int]:
    """Steps beyond those of a perfect draft, and how many numbers and labels the draft has wrong."""
    chance = random.Random(seed)
    truth = page(chance)
    drafted = copy.deepcopy(truth)
    for region in drafted:
        moved = [x + chance.choice([-3, -2, -1, 1, 2, 3]) * (chance.random() < share) for x in region["bbox"]]
        region["bbox"] = moved
        if chance.random() < labels:
            region["category"] = chance.choice(LABELS)
    wrong = sum(
        sum(a != b for a, b in zip(true["bbox"], draft["bbox"], strict=True))
        + (true["category"] != draft["category"])
        for true, draft in zip(truth, drafted, strict=True)
    )
    text = json.dumps(truth)
    cursor = DraftCursor([json.dumps(drafted)], codec(), END)
    least = -(-(len(codec().encode(text)[0]) + 1) // (WINDOW + 1))
    return replay(codec(), cursor, text, WINDOW, reach).steps - least, wrong


@pytest.mark.parametrize(("share", "labels"), [(0.2, 0.0), (0.5, 0.1), (1.0, 0.2), (0.0, 0.5)])
def test_a_wrong_number_or_label_costs_one_or_two_steps(share: float, labels: float) -> None:
    """With branches one and a half on average, two for labels, however many of them are wrong."""
    runs = [extra_steps(seed, share, labels, reach=8) for seed in range(3)]
    most = 1.5 if share else 2.0
    assert sum(extra for extra, _ in runs) <= most * sum(wrong for _, wrong in runs)


def test_branches_pay_on_coordinates() -> None:
    """Where every number is a little wrong, they save more than a twentieth of the steps."""
    with_branches, _ = extra_steps(1, 1.0, 0.0, reach=8)
    without, _ = extra_steps(1, 1.0, 0.0, reach=0)
    assert with_branches <= 0.95 * without
