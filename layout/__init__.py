"""Layout: regions of a page, their geometry and their reading order."""

from docspec.layout.analysis import Layout, analyse

__all__ = ["Layout", "analyse"]
