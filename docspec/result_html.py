"""A document as one self-contained HTML page, for reading: no script, no network, light and dark.

The text comes from documents that nobody has vetted, so of the HTML inside the markdown only what tables
and simple type need survives; everything else is shown as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from docspec.marks import ADDRESS
from docspec.types import DecodeStats, Document

TABLE_TAGS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"})
TAGS = TABLE_TAGS | {"b", "i", "em", "strong", "sup", "sub", "br", "u", "p"}
VOID = frozenset({"br"})
SPANS = ("colspan", "rowspan")

DISPLAY_FORMULA = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.DOTALL | re.MULTILINE)

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #fdfdfb; --faint: #6b6b70; --line: #d5d5d0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e3; --paper: #17181a; --faint: #9a9aa0; --line: #3a3b3f; }
}
body { background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 Georgia, "Times New Roman", serif;
  max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
h1, h2, h3, h4, h5, h6, header, footer, table { font-family: system-ui, sans-serif; line-height: 1.25; }
header, footer { color: var(--faint); font-size: .85rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: .75rem; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; }
img { max-width: 100%; height: auto; }
.scroll, pre { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: 1rem 0; }
td, th { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
.formula { text-align: center; font-style: italic; white-space: pre-wrap; }
""".strip()


def to_html(document: Document) -> str:
    """A page with the document's text, what the user should know of it, and how it was made."""
    failed = len(document.errors)
    count = len(document.pages)
    facts = [f"{count} page" + ("" if count == 1 else "s"), f"verifier {document.verifier}"]
    facts.append(f"mode {document.mode}")
    stats = sum((page.stats for page in document.pages), DecodeStats())
    if stats.steps:
        facts.append(f"{stats.mean_accepted_length:.1f} tokens a verify step")
    if failed:
        facts.append(f"{failed} failed")
    notes = "".join(f"<li>{escape(note)}</li>" for note in (*document.errors, *document.notes))
    return html_page(
        document.name,
        f"<header>{escape(document.name)}: {escape(', '.join(facts))}</header>\n"
        f"<main>\n{markdown_to_html(document.markdown)}</main>\n"
        f"<footer>{'<ul>' + notes + '</ul>' if notes else ''}</footer>\n",
    )


def html_page(title: str, body: str) -> str:
    """A page around ``body``, which is HTML."""
    return (
        '<!doctype html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )


def markdown_to_html(markdown: str) -> str:
    """The body of a page: tables stay tables, display formulas are set apart, unknown HTML is text."""
    renderer = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    parts = []
    for number, piece in enumerate(DISPLAY_FORMULA.split(markdown)):
        if number % 2:
            parts.append(f'<p class="formula">{escape(piece)}</p>\n')
        else:
            parts.append(renderer.render(piece))
    return "".join(parts)


class _Renderer(RendererHTML):
    """Raw HTML goes through the filter; wide tables scroll by themselves."""

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return filter_html(tokens[idx].content)

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return filter_html(tokens[idx].content)

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="scroll"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"


class _Filter(HTMLParser):
    """Rewrites HTML with the tags in TAGS and links, and no attribute but cell spans and where links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links = 0  # that are open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = (dict(attrs).get("href") or "") if tag == "a" else ""
        if ADDRESS.fullmatch(address):
            self.links += 1
            self.parts.append(f'<a href="{escape(address)}">')
            return
        if tag not in TAGS:
            self.parts.append(escape(self.get_starttag_text() or f"<{tag}>"))
            return
        spans = "".join(f' {k}="{v}"' for k, v in attrs if k in SPANS and v and v.isascii() and v.isdigit())
        self.parts.append(('<div class="scroll">' if tag == "table" else "") + f"<{tag}{spans}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.links:
            self.links -= 1
            self.parts.append("</a>")
        elif tag not in TAGS:
            self.parts.append(escape(f"</{tag}>"))
        elif tag not in VOID:
            self.parts.append(f"</{tag}>" + ("</div>" if tag == "table" else ""))

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data))

    def handle_decl(self, decl: str) -> None:
        self.parts.append(escape(f"<!{decl}>"))

    def handle_pi(self, data: str) -> None:
        self.parts.append(escape(f"<?{data}>"))

    def unknown_decl(self, data: str) -> None:
        self.parts.append(escape(f"<![{data}]>"))


def filter_html(fragment: str) -> str:
    """``fragment`` with table and type tags and links kept, other tags shown as text, comments removed."""
    parser = _Filter()
    parser.feed(fragment)
    parser.close()
    return "".join(parser.parts)
