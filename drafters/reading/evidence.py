"""What a page itself says for or against its text layer; found out once per page, when asked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from docspec.drafters.reading import page_ink as ink
from docspec.drafters.reading.plausible import is_all_lower, plausibility
from docspec.types import Box, Line, Page, Span, middle_in, union

WORD = re.compile(r"\S+")
HIDDEN_OCR = 0.6  # what text under a full-page image is worth, unchecked: often good, often not
ALL_LOWER = 0.5
FULL_PAGE = 0.7  # share of the page that an image covers in a scan
BLANK = 1.5  # heights of a span without ink from which a word may be hidden there
LETTERS = 3  # of such a word, at the least: leaders are too light to be seen in the ink
ENOUGH_COVER = 0.7  # share of a region's ink in its glyphs' boxes; accents, rules and marks are the rest


class Evidence:
    """The ink of one page, and whether it is a scan."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    def of(cls, page: Page, latest: Evidence | None) -> Evidence:
        """``latest`` if it is about ``page``, else new evidence."""
        return latest if latest is not None and latest.page is page else cls(page)

    @cached_property
    def mask(self) -> ink.Mask:
        """The page's ink; see ink.ink_of."""
        return ink.ink_of(self.page)

    @cached_property
    def is_scan(self) -> bool:
        """Whether one image fills the page, as in a scan, whose text layer is then hidden OCR."""
        if self.page.handle is None:
            return False
        area = self.page.width * self.page.height
        boxes = self.page.handle.image_boxes()
        return any((x1 - x0) * (y1 - y0) >= FULL_PAGE * area for x0, y0, x1, y1 in boxes)

    def shown(self, line: Line) -> Line | None:
        """``line`` without what is hidden: nothing shows there, or nothing but a bar that covers it."""
        if ink.inked_share(self.mask, self.page, [line.box]) <= 0:
            return None
        spans = [self._uncovered(span) for span in line.spans]
        if all(kept is span for kept, span in zip(spans, line.spans, strict=True)):
            return line
        kept = tuple(span for span in spans if span is not None)
        if not any(span.text.strip() for span in kept):
            return None
        return replace(line, spans=kept, box=union(span.box for span in kept))

    def _uncovered(self, span: Span) -> Span | None:
        """``span`` without the words that bars cover; None where they cover it all."""
        if not span.text.strip():
            return span
        if ink.widest_blank(self.mask, self.page, span.box) > BLANK * (span.box[3] - span.box[1]):
            span = self._without_blank(span)
        if not ink.may_have_bar(self.mask, self.page, span.box):
            return span
        if ink.is_bar(self.mask, self.page, span.box):
            return None
        x0, y0, x1, y1 = span.box
        wide = (x1 - x0) / len(span.text)

        def is_under_bar(word: re.Match[str]) -> bool:
            inside = 0.15 * wide * len(word[0])  # characters differ in width: where words end is a guess
            box = (x0 + wide * word.start() + inside, y0, x0 + wide * word.end() - inside, y1)
            return ink.is_bar(self.mask, self.page, box)

        return _without_words(span, is_under_bar)

    def _without_blank(self, span: Span) -> Span:
        """``span`` without the words of which nothing shows, as under a bar of the paper's colour."""
        if self.page.handle is None:
            return span
        glyphs = [
            glyph
            for glyph in self.page.handle.glyphs()
            if glyph.text.strip() and middle_in(glyph.box, span.box)
        ]
        glyphs.sort(key=lambda glyph: glyph.box[0])
        if [glyph.text for glyph in glyphs] != list("".join(span.text.split())):
            return span
        left = iter(glyphs)

        def is_blank(word: re.Match[str]) -> bool:
            boxes = [glyph.box for glyph in itertools.islice(left, len(word[0]))]
            letters = sum(map(str.isalnum, word[0]))
            return letters >= LETTERS and not ink.inked_share(self.mask, self.page, boxes)

        return _without_words(span, is_blank)

    def trust(self, lines: Sequence[Line], box: Box | None = None) -> float:
        """How far ``lines`` (of ``box``, or of the page) say what the page shows: 0 not at all, 1 fully.

        Weighs what the characters look like, whether there is ink where the lines are, and, for a
        ``box``, whether its ink is where the lines are. Hidden OCR under a scan is worth less.
        """
        if not lines:
            return 0.0
        text = "\n".join(line.text for line in lines)
        boxes = [line.box for line in lines]
        score = plausibility(text) * ink.inked_share(self.mask, self.page, boxes)
        if box is not None:
            score *= min(1.0, ink.cover_share(self.mask, self.page, boxes, box) / ENOUGH_COVER)
        if self.is_scan:
            score *= HIDDEN_OCR * (ALL_LOWER if is_all_lower(text) else 1.0)
        return score


def _without_words(span: Span, goes: Callable[[re.Match[str]], bool]) -> Span:
    """``span`` with blanks for the words that go, of which each is asked in turn."""
    text = WORD.sub(lambda word: " " * len(word[0]) if goes(word) else word[0], span.text)
    return span if text == span.text else replace(span, text=text, alternatives=())
