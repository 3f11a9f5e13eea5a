"""PyMuPDF without the layout model that it loads when it is imported: ``from docspec.mupdf import pymupdf``.

Where pymupdf-layout is installed, ``import pymupdf`` loads three networks (half a second, 60 MB) for what
nothing here calls; the detector has its own (``docspec.layout.layout_model``). Whoever does call it in this
process, pymupdf4llm for one, gets it all the same: it is loaded at the first call.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

MODEL = "pymupdf.layout"

if "pymupdf" in sys.modules:
    import pymupdf as pymupdf
else:
    sys.modules[MODEL] = None  # type: ignore[assignment]  # Python's way to say that it cannot be imported
    try:
        import pymupdf as pymupdf
    finally:
        del sys.modules[MODEL]

    def _layout(*args: Any, **options: Any) -> Any:
        """What ``pymupdf.layout`` would have put here, once it is asked for."""
        pymupdf._get_layout = None
        import_module(MODEL).activate()
        return pymupdf._get_layout(*args, **options)

    if find_spec(MODEL) is not None:
        pymupdf._get_layout = _layout
