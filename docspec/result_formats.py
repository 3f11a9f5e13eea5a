"""The built-in output formats; see docspec.types.Format."""

from __future__ import annotations

import json

from docspec.result_html import to_html
from docspec.result_json import to_json
from docspec.types import Document


class Markdown:
    """The document's text."""

    suffix = ".md"

    def write(self, document: Document) -> str:
        return document.markdown


class Json:
    """All that is known of the document; see docspec/result_json.py."""

    suffix = ".json"

    def write(self, document: Document) -> str:
        return json.dumps(to_json(document), ensure_ascii=False, indent=1) + "\n"


class Html:
    """One page for reading; see docspec/result_html.py."""

    suffix = ".html"

    def write(self, document: Document) -> str:
        return to_html(document)
