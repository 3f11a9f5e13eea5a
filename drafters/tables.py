"""Tables."""

from __future__ import annotations

from docspec.types import Page, Region, Style


def write_table(page: Page, region: Region, style: Style) -> str | None:
    return None
