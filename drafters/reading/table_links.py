"""The links of a table's cells, put into what was written of them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from docspec.drafters.characters import clean
from docspec.drafters.reading.marked import is_address, target
from docspec.marks import ADDRESS
from docspec.types import Line


def with_links(table: str, lines: Sequence[Line]) -> str:
    """``table``, in HTML or with pipes, with the links of the ``lines`` that it was written from.

    A link's text is looked for from the last one on, as cells and lines both come row by row. One that is the
    address itself is a link without a mark; those to files and places of the document are left out.
    """
    in_html = table.lstrip().startswith("<")
    at = 0
    for span in (span for line in lines for span in line.spans):
        shown = " ".join(clean(span.text).split())
        if not ADDRESS.fullmatch(span.link) or not shown or is_address(shown, span.link):
            continue
        written = html.escape(shown, quote=False) if in_html else shown.replace("|", "\\|")
        whole = re.compile(rf"(?<!\w){re.escape(written)}(?!\w)(?![^<]*>)(?![^\[|]*\]\()")
        found = whole.search(table, at) or whole.search(table)
        if found is None:
            continue
        address = html.escape(span.link) if in_html else target(span.link)
        link = f'<a href="{address}">{written}</a>' if in_html else f"[{written}]({address})"
        table = table[: found.start()] + link + table[found.end() :]
        at = found.start() + len(link)
    return table
