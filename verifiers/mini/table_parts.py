"""A table as the mini reads it: cell by cell, in the grid of the draft. Pure.

A cell is read where its text is that of whole source lines; the others, and all tags, stay as drafted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from docspec.drafters.characters import bare
from docspec.verifiers.mini.parts import Part

_CELL = re.compile(r"(?<=>)[^<>]+(?=<)")
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class TableParts:
    """The cells of a table to read; ``tail`` is the draft after the last of them."""

    parts: tuple[Part, ...]
    tail: str

    def join(self, texts: Sequence[str]) -> str:
        """The table with ``texts`` in its cells."""
        written = (
            part.before + html.escape(text.strip(), quote=False)
            for part, text in zip(self.parts, texts, strict=True)
        )
        return "".join(written) + self.tail


def split_table(draft: str, lines: Sequence[str]) -> TableParts:
    """The cells of the HTML table ``draft`` that were written from whole ``lines``, its source lines."""
    unused = {number: key for number, line in enumerate(lines) if (key := bare(line))}
    parts, end = [], 0
    for cell in _CELL.finditer(draft):
        text = html.unescape(cell[0])
        found = _covering(bare(text), unused)
        if found:
            for number in found:
                del unused[number]
            parts.append(Part(found, draft[end : cell.start()], text))
            end = cell.end()
    return TableParts(tuple(parts), draft[end:])


def table_text(draft: str) -> str:
    """The text of the HTML table ``draft``, without tags."""
    return html.unescape(_TAG.sub(" ", draft))


def _covering(text: str, unused: dict[int, str]) -> tuple[int, ...]:
    """The lines that ``text`` was written from: one, or several one after the other; none if that fails."""
    whole = next((number for number, key in unused.items() if key == text), None)
    if whole is not None:
        return (whole,)
    found = []
    for number, key in unused.items():
        if text and text.startswith(key):
            found.append(number)
            text = text[len(key) :]
    return () if text else tuple(found)
