"""Where the drafts go on after the output has left them: places, best first, as streams of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from docspec.drafters.following.draft_index import START, STARTS, DraftIndex, Query
from docspec.drafters.following.draft_tokens import DraftTokens
from docspec.drafters.following.locate import CLOSE, ENOUGH, locate
from docspec.drafters.following.normalise import DENSE
from docspec.drafters.following.stream import Stream
from docspec.drafters.following.written import TAIL, Written

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


class Found(NamedTuple):
    """A place where a draft may go on: character ``at`` of draft ``draft``."""

    draft: int
    at: int
    score: float


class Finder:
    """Looks in ``drafts`` for the end of an output."""

    def __init__(self, drafts: Sequence[DraftTokens], end_token: int | None) -> None:
        self.drafts = drafts
        self._parted = 0, 0  # tokens and folded characters of the output at the last parting
        self._end_token = end_token
        self._indexes: dict[int, DraftIndex] = {}

    def find(self, output: Written, parting: Parting, guesses: int, others: int) -> list[Stream]:
        """The streams to go on with, best first: one, and up to ``others`` that are nearly as likely.

        ``guesses`` places have been tried since the parting; each asks for more evidence: characters that
        agree exactly.
        """
        if parting.seen != self._parted[0]:
            self._parted = parting.seen, output.read(parting.seen)
        tail, count, white, pending = output.ending()
        if not tail:
            return []
        if count < TAIL:
            tail = (START * STARTS + tail)[-TAIL:]
        exact = _ending(tail, min(max(0, guesses - _LENIENT), _EXACT))
        found = self._places(Query(tail, count - self._parted[1], exact), parting, others)
        if not found or found[0].score < min(ENOUGH, 0.4 * len(tail)):
            return []
        inside = pending > 0 and guesses > 0
        close = [place for place in found if place.score > found[0].score - CLOSE]
        streams = [self._stream(place, white, pending, inside) for place in close]
        if others and not pending:
            streams[1:1] = self._spaced(found[0], white)
            if len(output.tokens) - parting.seen <= _VALUE_TOKENS:
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

    def _spaced(self, place: Found, white: bool) -> list[Stream]:
        """The best place read with a space where the draft has none, and without where it has one."""
        source = self.drafts[place.draft]
        after = _after_white(source.text, place.at)
        if white or after >= len(source.text):
            return []
        if after > place.at:
            return [Stream(source, after, self._end_token, draft=place.draft)]
        ids, offsets, joint = source.reread(place.at, place.at, " ", place.at)
        return [Stream(source, joint, self._end_token, draft=place.draft, ids=ids, offsets=offsets)]

    def _index(self, draft: int) -> DraftIndex:
        if draft not in self._indexes:
            self._indexes[draft] = DraftIndex(self.drafts[draft].text)
        return self._indexes[draft]


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
