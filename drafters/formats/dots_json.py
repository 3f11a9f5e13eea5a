"""A page as dots.ocr writes it: one JSON list of regions; and its output read back, broken or not. Pure.

The format is the public release's (github.com/rednote-hilab/dots.ocr): ``[{"bbox": [x1, y1, x2, y2],
"category": "Section-header", "text": "## Results"}, ...]`` with whole pixels, no text for a picture, LaTeX
for a formula, HTML for a table and markdown for everything else: headings carry ``#``, bullets are ``*``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from docspec import marks
from docspec.markdown import HEADINGS, heading_mark, with_bullet
from docspec.types import Box, Category, PageRegion

# An object of the list starts with one of its keys; a quotation mark inside a JSON string has a backslash
# before it, so that no text of a valid output looks like this.
_OBJECT = re.compile(r'\{\s*"(?:bbox|category|text)"\s*:')
_BBOX = re.compile(r'"bbox"\s*:\s*\[([^\[\]{}"]*)\]')
_CATEGORY = re.compile(r'"category"\s*:\s*"([^"]*)"')
_TEXT = re.compile(r'"text"\s*:\s*"')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

# what can follow the quotation mark that ends a text, surest first
_ENDS = (
    re.compile(r'\s*,\s*"(?:bbox|category)"\s*:'),  # another key
    re.compile(r"\s*\}"),  # the object's end
    re.compile(r"[\s,\]]*\Z"),  # the object's end, its bracket forgotten
)
_QUOTE = re.compile(r'\\.|(")', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(u[0-9a-fA-F]{0,3}\Z)|(.)|\Z)", re.DOTALL)
_NOT_JSON = re.compile(r'\\(?:\\|(?:["/bfnrtu])|(.))', re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "/": "/", "\\": "\\"}
_LATEX_N = re.compile(r"n(?:abla|eq?|u|ot(?:in)?|i|mid|less|gtr|onumber|ewline)(?![a-z])")
_FORM_FEED = re.compile(r"[\b\f](?=[A-Za-z])")  # on no page: an unescaped \beta or \frac


def write_page(regions: Sequence[PageRegion], scale: tuple[float, float] = (1.0, 1.0)) -> str:
    """``regions`` as dots.ocr writes a page, their boxes (pixels) times ``scale`` (x, y).

    A region without box is written without one.
    """
    return json.dumps([_written(region, scale) for region in regions], ensure_ascii=False)


def read_page(output: str, scale: tuple[float, float] = (1.0, 1.0)) -> tuple[PageRegion, ...]:
    """The regions in dots.ocr's ``output``, their boxes times ``scale`` (x, y); never raises.

    Of broken output, whatever can be read: complete regions, the text of the last one as far as it goes,
    texts with quotation marks, line breaks or backslashes that lack their escape. A box of other than four
    numbers is None, an unknown category is text. Output without any JSON is one text region.
    """
    regions = tuple(_region(fields, scale) for fields in _objects(output))
    plain = output.strip()
    if not regions and plain and plain[0] not in "[{`":
        return (PageRegion(Category.TEXT, plain),)
    return regions


def _written(region: PageRegion, scale: tuple[float, float]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if region.box is not None:
        fields["bbox"] = [round(value * scale[i % 2]) for i, value in enumerate(region.box)]
    fields["category"] = region.category.value.capitalize()
    if region.category is not Category.PICTURE:
        fields["text"] = _marked(region)
    return fields


def _marked(region: PageRegion) -> str:
    """The text with the markdown marks that dots.ocr gives headings and lists."""
    if region.category in HEADINGS and not marks.HEADING.match(region.text):
        return f"{heading_mark(region.category, region.level)} {region.text}"
    if region.category is Category.LIST_ITEM:
        return with_bullet(region.text, "*")
    return region.text


def _region(fields: Mapping[str, Any], scale: tuple[float, float]) -> PageRegion:
    category = _category(fields.get("category"))
    text, level = fields.get("text"), None
    text = "" if text is None else _FORM_FEED.sub(_backslashed, _paired(str(text)))
    if category in HEADINGS and (mark := marks.HEADING.match(text)):
        text, level = text[mark.end() :], len(mark[1])
    return PageRegion(category, text, _box(fields.get("bbox"), scale), level)


def _category(name: Any) -> Category:
    try:
        return Category(str(name).strip().lower().replace("_", "-").replace(" ", "-"))
    except ValueError:
        return Category.TEXT


def _box(values: Any, scale: tuple[float, float]) -> Box | None:
    if not isinstance(values, list) or len(values) != 4:
        return None
    if not all(isinstance(value, int | float) and abs(value) < 1e9 for value in values):
        return None  # neither numbers nor, NaN included, on any page
    x0, y0, x1, y1 = (float(value) * scale[i % 2] for i, value in enumerate(values))
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _objects(output: str) -> Iterator[Mapping[str, Any]]:
    """The fields of each object, read as JSON where it is JSON."""
    decoder = json.JSONDecoder(strict=False)  # raw line breaks in strings are fine
    starts = [start.start() for start in _OBJECT.finditer(output)]
    for start, end in pairwise([*starts, len(output)]):
        piece = output[start:end]
        try:
            fields = decoder.raw_decode(piece)[0]
        except (ValueError, RecursionError):
            fields = _salvaged(piece)
        if fields:
            yield fields


def _salvaged(piece: str) -> dict[str, Any]:
    """What can be read of one broken object; empty where that says nothing yet."""
    fields: dict[str, Any] = {}
    head = piece
    if opened := _TEXT.search(piece):
        body = piece[opened.end() :]
        end = _text_end(body)
        fields["text"] = _unescaped(body if end is None else body[:end])
        head = piece[: opened.start()] + ("" if end is None else body[end + 1 :])
    if box := _BBOX.search(head):
        fields["bbox"] = [float(number) for number in _NUMBER.findall(box[1])]
    if category := _CATEGORY.search(head):
        fields["category"] = category[1]
    whole = _category(fields.get("category")) is Category.PICTURE or fields.get("text", "").strip("# ")
    return fields if whole else {}


def _text_end(body: str) -> int | None:
    """Where the text that ``body`` starts with ends: at which quotation mark; None: it never does."""
    quotes = [quote.start() for quote in _QUOTE.finditer(body) if quote[1]]
    for number, end in enumerate(_ENDS):
        found = [quote for quote in quotes if end.match(body, quote + 1)]
        if found:
            return found[0] if number == 0 else found[-1]
    return None


def _unescaped(text: str) -> str:
    """The characters of a JSON string's inside; in one with escapes that JSON does not know, as LaTeX's
    ``\\alpha``, the others may be LaTeX as well."""
    latex = any(escape[1] for escape in _NOT_JSON.finditer(text))

    def character(escape: re.Match[str]) -> str:
        code, _, plain = escape.groups()
        if code:
            return chr(int(code, 16))
        if not plain:
            return ""  # cut off in the middle
        after = text[escape.end() : escape.end() + 1]
        if plain not in _PLAIN or (latex and plain in "btfr" and after.isalpha()):
            return "\\" + plain
        if latex and plain == "n" and _LATEX_N.match(text, escape.end() - 1):
            return "\\n"
        if latex and plain == "\\" and not after.isalpha():
            return "\\\\"  # a row's end
        return _PLAIN[plain]

    return _ESCAPE.sub(character, text)


def _paired(text: str) -> str:
    """``text`` with the halves of a character that came as two escapes joined; a lone half is U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _backslashed(control: re.Match[str]) -> str:
    return "\\b" if control[0] == "\b" else "\\f"
