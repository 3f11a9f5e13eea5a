"""Families that write tables of regions as OTSL (see docspec.drafters.formats.table_text)."""

from __future__ import annotations

import re

from docspec.drafters.formats.table_text import read_otsl, read_table, write_html, write_otsl
from docspec.types import Category
from docspec.verifiers.profiles.base import Profile

OTSL = re.compile(r"<(?:fcel|ecel|nl)>")


class TablesAsOtsl(Profile):
    """Drafts of tables are written as OTSL, and read as HTML."""

    def write(self, category: Category, draft: str) -> str:
        """A region's draft as the model would write it, tables as OTSL."""
        grid = read_table(draft) if category is Category.TABLE else None
        return draft if grid is None else write_otsl(grid)

    def read(self, category: Category, output: str) -> str:
        """A region's text, tables as HTML."""
        text = super().read(category, output)
        if category is Category.TABLE and OTSL.search(text):
            return write_html(read_otsl(text))
        return text
