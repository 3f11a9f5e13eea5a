"""A small typesetter: lines, hyphenation, columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import pymupdf

PAGE = pymupdf.Rect(0, 0, 595, 842)  # A4, points
LEFT, RIGHT, GAP = 54.0, 541.0, 19.0
WIDTH = (RIGHT - LEFT - GAP) / 2
TOP, BOTTOM = 72.0, 778.0
SIZE, LEADING = 9.5, 12.0
FONTS = {name: pymupdf.Font(code) for name, code in {"": "tiro", "*": "tiit", "**": "tibo"}.items()}
INK = (0.1, 0.1, 0.12)

HYPHENATED = """
    af-ter-noon con-clu-sion con-stants ev-ery-body for-get-ting hun-dred mea-sured prop-er-ty read-ers
    sec-tion
    al-though an-other bath-tubs be-cause be-fore be-low be-tween con-sid-ered con-stant de-gree de-grees
    de-pend dif-fer-ence dis-agreed dis-tin-guishes dur-ing ei-ther emp-tied ev-ery every-day ex-cept
    fol-low-ing fol-lowed for-get it-self lift-ing log-a-rithm ma-te-rial mat-ter mat-ters mea-sure-ment
    min-utes mov-ing news-pa-per no-body or-der pa-tience per-sonal per-sons porce-lain pour-ing pro-to-col
    prob-a-bly ques-tions re-peat read-ings sec-ond set-tled some-body stone-ware suf-fi-cient sur-face
    tem-per-a-ture ther-mom-e-ter there-fore up-per win-dow with-out
"""
BREAKS = {word.replace("-", ""): word.split("-") for word in HYPHENATED.split()}


@dataclass
class Column:
    """A place to write lines in, from ``y`` down."""

    page: pymupdf.Page
    x: float
    y: float
    bottom: float
    width: float = WIDTH

    def write(self, x: float, y: float, text: str, style: str = "", size: float = SIZE) -> float:
        """Text with its baseline at ``y``; returns where it ends."""
        writer = pymupdf.TextWriter(self.page.rect, color=INK)
        _, end = writer.append((x, y), ligatures(text), font=FONTS[style], fontsize=size)
        writer.write_text(self.page)
        return float(end[0])

    def line(self, y: float, x0: float, x1: float, width: float = 0.6) -> None:
        """A rule."""
        self.page.draw_line((x0, y), (x1, y), color=INK, width=width)


class Flow:
    """Columns filled one after the other."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns

    def take(self, height: float) -> Column:
        """The first column with ``height`` points left, advanced by them: write above its ``y``."""
        while self.columns[0].y + height > self.columns[0].bottom:
            self.columns.pop(0)
        self.columns[0].y += height
        return self.columns[0]

    def paragraph(self, text: str, indent: float = 0.0, mark: str = "", after: float = 4.0) -> None:
        """Lines of ``text``, ``indent`` points in, the first one after ``mark``."""
        for number, line in enumerate(wrap(text, WIDTH - indent)):
            column = self.take(LEADING)
            if mark and not number:
                column.write(column.x + 2, column.y, mark)
            x = column.x + indent
            for style, run in line:
                x = raised(column, x, run) if style == "^" else column.write(x, column.y, run, style)
        self.columns[0].y += after

    def heading(self, text: str) -> None:
        """A section heading that does not stand alone at a column's end."""
        if self.columns[0].y + 5 * LEADING > self.columns[0].bottom:
            self.columns.pop(0)
        column = self.take(LEADING + 8)
        column.write(column.x, column.y, text, "**", 11)
        column.y += 4


def ligatures(text: str) -> str:
    """As typesetting programs write them."""
    return text.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ")


def raised(column: Column, x: float, mark: str) -> float:
    """A footnote mark."""
    return column.write(x, column.y - 3.2, mark, size=6.5)


def wrap(text: str, width: float, size: float = SIZE) -> Iterator[list[tuple[str, str]]]:
    """Lines as runs of (style, text). ``*word*`` is italic, ``^1`` raised; words of BREAKS may be cut."""
    line: list[tuple[str, str]] = []
    used = 0.0

    def measure(style: str, run: str) -> float:
        return float(FONTS["" if style == "^" else style].text_length(ligatures(run), fontsize=size))

    for word in text.split():
        style = "*" if word.startswith("*") else ""
        body, _, mark = word.replace("*", "").partition("^")
        space = " " if line else ""
        whole = body
        if used + measure(style, space + whole) > width:
            parts = pieces(body)
            for cut in range(len(parts) - 1, 0, -1):
                head = "".join(parts[:cut]) + "-"
                if used + measure(style, space + head) <= width:
                    line.append((style, space + head))
                    whole = "".join(parts[cut:])
                    break
            yield line
            line, used, space = [], 0.0, ""
        if line and line[-1][0] == style:
            line[-1] = (style, line[-1][1] + space + whole)
        else:
            line.append((style, space + whole))
        used += measure(style, space + whole)
        if mark:
            line.append(("^", mark))
            line.append(("", ""))
    yield [run for run in line if run[1]]


def pieces(word: str) -> list[str]:
    """Where ``word`` may be cut at a line's end."""
    core = word.strip(".,;:")
    parts = list(BREAKS.get(core.lower(), [core]))
    cuts = [0, *accumulate(map(len, parts))]
    before, after = word[: word.index(core)], word[word.index(core) + len(core) :]
    found = [core[a:b] for a, b in pairwise(cuts)]
    return [before + found[0], *found[1:-1], found[-1] + after] if len(found) > 1 else [word]
