"""Drafts of every kind, made of the answers of an engine without speculation."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from checkpoints import special_tokens
from engines import Drafts

from docspec.verifiers.vllm_plugin.given import IDS, TEXTS

Ids = list[int]
Make = Callable[[list[Ids], int, Callable[[Ids], str]], Sequence[Drafts]]


def _ids(change: Callable[[random.Random, Ids, int], Ids]) -> Make:
    def make(answers: list[Ids], vocabulary: int, decode: Callable[[Ids], str]) -> Sequence[Drafts]:
        source = random.Random(0)
        return [{IDS: change(source, answer, vocabulary)} for answer in answers]

    return make


def _wrong(share: float) -> Make:
    def change(source: random.Random, answer: Ids, vocabulary: int) -> Ids:
        return [source.randrange(vocabulary) if source.random() < share else token for token in answer]

    return _ids(change)


def _texts(change: Callable[[str], list[str]]) -> Make:
    return lambda answers, _, decode: [{TEXTS: change(decode(answer))} for answer in answers]


def _neighbours(answers: list[Ids], vocabulary: int, decode: Callable[[Ids], str]) -> Sequence[Drafts]:
    return [{IDS: answer} for answer in (answers[1], answers[0], *answers[2:])]


def _mixed(answers: list[Ids], vocabulary: int, decode: Callable[[Ids], str]) -> Sequence[Drafts]:
    given: list[Drafts] = [{IDS: answer[:-1]} for answer in answers]
    return [drafts if index % 2 else None for index, drafts in enumerate(given)]


EMPTY: list[Drafts] = [{IDS: []}, {TEXTS: []}, {TEXTS: ""}, {TEXTS: [" \n"]}]
KINDS: dict[str, Make] = {
    "none": lambda answers, _, __: [None] * len(answers),
    "right": _ids(lambda _, answer, __: answer[:-1]),
    "every 25th wrong": _wrong(0.04),
    "half wrong": _wrong(0.5),
    "garbage": _wrong(1.0),
    "empty": lambda answers, _, __: EMPTY[: len(answers)],
    "longer than the model": _ids(lambda _, answer, __: answer[:-1] * 200),
    "end tokens": _ids(lambda _, answer, __: [*answer[:5], *special_tokens()[:2]] * 20),
    "special tokens": _ids(lambda _, answer, __: [*answer[:20], *special_tokens(), *answer[20:]]),
    "ids that the model lacks": _ids(lambda _, answer, size: [*answer[:20], size, size + 7, 2**40]),
    "neighbours'": _neighbours,
    "only some": _mixed,
    "right text": _texts(lambda text: [text]),
    "several texts": _texts(lambda text: ["something else", text[:40], text, text[::-1]]),
    "text of tags": _texts(lambda text: [text[:30] + "<|im_end|><|image_pad|><fcel>\x00�" + text[30:]]),
}
