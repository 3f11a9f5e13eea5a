"""Where the drafts go on after the output has left them: places, best first, as streams of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docspec.drafters.following.draft_index import START, STARTS, DraftIndex, Query
from docspec.drafters.following.draft_tokens import Codec, DraftTokens
from docspec.drafters.following.locate import CLOSE, ENOUGH, TAIL, locate
from docspec.drafters.following.normalise import DENSE, fold
from docspec.drafters.following.stream import Stream

_BROKEN = "\ufffd"
_ENOUGH_TEXT = TAIL + TAIL // 2  # characters, some of them white space
_CHARACTER_TOKENS = 3  # an unfinished character is at most this many byte tokens
_SWITCH = 3.0  # what leaving the present draft for another costs, in matching characters
_SURE = 0.6  # share of the best possible score from which looking further is pointless
_EXACT = 1  # characters that must agree exactly after a few refuted guesses
_LENIENT = 3  # guesses of a place that need not
_VALUE = re.compile(r"""[\w-]*(?=["\]}>]|(?<=\d),)""")  # what is left of a number or label in JSON or a tag
_VALUE_TOKENS = 4  # tokens of another one


class Parting(NamedTuple):
    """Where output and draft last parted: the draft, its character, and the tokens emitted until then."""

    draft: int
    at: int
    seen: int


@dataclass(frozen=True, slots=True)
class Found:
    """A place where a draft may go on: character ``at`` of draft ``draft``."""

    draft: int
    at: int
    score: float


class Finder:
    """Looks in ``drafts`` for the end of an output."""

    def __init__(self, drafts: Sequence[DraftTokens], codec: Codec, end_token: int | None) -> None:
        self.drafts = drafts
        self._codec = codec
        self._end_token = end_token
        self._indexes: dict[int, DraftIndex] = {}

    def find(self, output: Sequence[int], parting: Parting, guesses: int, others: int) -> list[Stream]:
        """The streams to go on with, best first: one, and up to ``others`` that are nearly as likely.

        ``guesses`` places have been tried since the parting; each asks for more evidence: characters that
        agree exactly.
        """
        text, whole, pending = self._recent(output)
        tail = fold(text[-2 * TAIL :]).text[-TAIL:]
        if whole:
            tail = (START * STARTS + tail)[-TAIL:]
        if not tail.strip(START):
            return []
        exact = _ending(tail, min(max(0, guesses - _LENIENT), _EXACT))
        query = Query(tail, self._written(output, parting), exact)
        found = self._places(query, parting, others)
        if not found or found[0].score < min(ENOUGH, 0.4 * len(tail)):
            return []
        inside = bool(pending) and guesses > 0
        streams = [
            self._stream(place, text[-1:].isspace(), len(pending), inside)
            for place in found
            if place.score > found[0].score - CLOSE
        ]
        if others and not pending:
            streams[1:1] = self._spaced(found[0], text)
            if len(output) - parting.seen <= _VALUE_TOKENS:
                streams[2:2] = self._after_value(parting)
        return streams[: others + 1]

    def _places(self, query: Query, parting: Parting, others: int) -> list[Found]:
        """Where the query's tail ends, best first."""
        here = self._index(parting.draft)
        parted = here.folded_position(parting.at)
        places = locate(here, query, parted, count=others + 1)
        found = [Found(parting.draft, place.at, place.score) for place in places]
        if not found or found[0].score < _SURE * len(query.tail):
            for draft in range(len(self.drafts)):
                if draft != parting.draft:
                    index = self._index(draft)
                    share = parted * len(index.text) // len(here.text)
                    places = locate(index, query, share, count=others + 1)
                    found += [Found(draft, place.at, place.score - _SWITCH) for place in places]
            found.sort(key=lambda place: -place.score)
        return found

    def _stream(self, place: Found, white: bool, pending: int, inside: bool) -> Stream:
        source = self.drafts[place.draft]
        at = _after_white(source.text, place.at) if white else place.at
        return Stream(source, at, self._end_token, draft=place.draft, skip=pending, inside=inside)

    def _after_value(self, parting: Parting) -> list[Stream]:
        """The draft after the number or label where they parted: the output may have another one there."""
        source = self.drafts[parting.draft]
        value = _VALUE.match(source.text, parting.at)
        return [Stream(source, value.end(), self._end_token, draft=parting.draft)] if value else []

    def _spaced(self, place: Found, text: str) -> list[Stream]:
        """The best place read with a space where the draft has none, and without where it has one."""
        source = self.drafts[place.draft]
        after = _after_white(source.text, place.at)
        if text[-1:].isspace() or after >= len(source.text):
            return []
        if after > place.at:
            return [Stream(source, after, self._end_token, draft=place.draft)]
        ids, offsets, joint = source.reread(place.at, place.at, " ", place.at)
        return [Stream(source, joint, self._end_token, draft=place.draft, ids=ids, offsets=offsets)]

    def _written(self, output: Sequence[int], parting: Parting) -> int:
        """About how many folded characters the output has got since it parted from the stream."""
        count = len(output) - parting.seen
        seen = output[-max(1, min(count, 2 * TAIL)) :]
        return len(fold(self._codec.decode(seen)).text) * count // max(1, len(seen))

    def _index(self, draft: int) -> DraftIndex:
        if draft not in self._indexes:
            self._indexes[draft] = DraftIndex(self.drafts[draft].text)
        return self._indexes[draft]

    def _recent(self, output: Sequence[int]) -> tuple[str, bool, list[int]]:
        """The end of the output, whether that is all of it, and the tokens after it that do not yet make a
        character."""
        count = TAIL
        while True:
            ids = list(output[-count:])
            text = self._codec.decode(ids)
            whole = count >= len(output)
            if whole or len(text) >= _ENOUGH_TEXT or count >= 8 * TAIL:
                break
            count *= 2
        pending: list[int] = []
        while text.endswith(_BROKEN) and len(pending) < _CHARACTER_TOKENS and len(pending) < len(ids):
            pending.insert(0, ids[-1 - len(pending)])
            text = self._codec.decode(ids[: len(ids) - len(pending)])
        return (text if whole else text.lstrip(_BROKEN)).rstrip(_BROKEN), whole, pending


def _after_white(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _ending(tail: str, letters: int) -> int:
    """How many characters at the end of ``tail`` say as much as so many letters."""
    count = 0
    while letters > 0 and count < len(tail):
        count += 1
        letters -= 3 if tail[-count] >= DENSE else 1
    return count
