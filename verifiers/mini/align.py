"""Where each character of a line's text stands among its frames, found through the recogniser's reading.

Guiding an attention head to these places (as alignments guided attention in early neural translation and
speech synthesis) teaches the decoder to follow the line in a few hundred steps instead of many thousands.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from docspec.verifiers.mini.tokens import MiniTokenizer

UNKNOWN = -1.0
_WORST = 0.4  # of the characters: above this the reading says nothing about places


def ctc_places(classes: NDArray[np.int64], characters: Sequence[str], spaces: bool) -> tuple[str, list[int]]:
    """Reading of the best classes per frame ``[T]`` (0: blank) and each character's frame."""
    starts = np.ones(len(classes), dtype=bool)
    starts[1:] = classes[1:] != classes[:-1]
    changes = np.flatnonzero(starts & (classes != 0))
    kept = [int(i) for i in changes if spaces or characters[classes[i]] != " "]
    return "".join(characters[classes[i]] for i in kept), kept


def character_frames(text: str, reading: str, frames: Sequence[int]) -> list[float]:
    """A frame for each character of ``text``; spaces get the next one's, :data:`UNKNOWN` if hopeless."""
    solid = [i for i, character in enumerate(text) if character != " "]
    packed = "".join(text[i] for i in solid)
    result = [UNKNOWN] * len(text)
    if not packed or not reading or Levenshtein.normalized_distance(reading, packed) > _WORST:
        return result
    known: list[int] = []
    places: list[int] = []
    for step in Levenshtein.opcodes(reading, packed):
        same_length = step.src_end - step.src_start == step.dest_end - step.dest_start
        if step.tag == "equal" or (step.tag == "replace" and same_length):
            known += range(step.dest_start, step.dest_end)
            places += frames[step.src_start : step.src_end]
    if not known:
        return result
    spread = np.interp(np.arange(len(packed)), known, places)
    following = float(spread[-1])
    packed_index = len(packed) - 1
    for i in range(len(text) - 1, -1, -1):
        if text[i] != " ":
            following = float(spread[packed_index])
            packed_index -= 1
        result[i] = following
    return result


def expected_tokens(
    readings: Sequence[tuple[str, Sequence[int]]], counts: Sequence[int], tokenizer: MiniTokenizer
) -> list[NDArray[np.float32]]:
    """About which token of the region's text each prompt position shows, from the recogniser's reading.

    Args:
        readings: of each line, its text without spaces lost in places, and the frame of each character.
        counts: positions of each line in the prompt (two frames each).
        tokenizer: the vocabulary that counts the tokens.
    """
    text, spans = "", []
    for index, (line, _) in enumerate(readings):
        joined = line.endswith("-") and index < len(readings) - 1
        spans.append(len(text))
        text += line[:-1] if joined else f"{line} "
    _, starts = tokenizer.encode_with_offsets(text)
    token_of = np.searchsorted(starts, np.arange(len(text) + 1), side="right") - 1
    result = []
    for (line, frames), start, count in zip(readings, spans, counts, strict=True):
        tokens = token_of[start : start + len(line)]
        if len(line):
            here = np.interp(np.arange(count) * 2.0 + 0.5, frames, tokens)
        else:
            here = np.full(count, float(token_of[start]))
        result.append(here.astype(np.float32))
    return result
