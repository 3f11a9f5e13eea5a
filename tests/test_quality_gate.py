"""The quality gate: what it measures, on pages that are read without a mistake and with some."""

from __future__ import annotations

from dataclasses import replace

import pymupdf
import pytest

pytest.importorskip("apted")
pytest.importorskip("scipy")
pytest.importorskip("pylatexenc")

from docspec.bench.quality_gate import (
    MEASURES,
    THRESHOLDS,
    cell_f1,
    figures,
    main,
    shortfalls,
    table,
)
from docspec.bench.quality_pages import WEAR, Part, Sheet, sheets, worn
from docspec.drafters.formats.table_text import Cell, Grid, write_html

GRID = Grid((Cell("a", 0, 0), Cell("both", 0, 1, 1, 2), Cell("b", 1, 0), Cell("1", 1, 1), Cell("2", 1, 2)))
PARTS = (
    Part("title", "The yards", 1),
    Part("text", "All of them were painted in the spring."),
    Part("heading", "A mill and a river", 2),
    Part("item", "The first of the mills."),
    Part("item", "The second of them."),
    Part("formula", "a²", latex="a^{2}"),
    Part("code", "if open:\n    close()"),
    Part("table", write_html(GRID), grid=GRID),
)
PAGE = Sheet("page", "prose", b"", PARTS)
FIRST, SECOND = "All of them were painted in the spring.", "## A mill and a river"
MARKDOWN = f"""# The yards

All of them were painted in the spring.

## A mill and a river

- The first of the mills.

- The second of them.

$$
a^{{2}}
$$

```python
if open:
    close()
```

{write_html(GRID)}
"""


def test_a_faultless_page_has_all_points() -> None:
    """Every measure is 1."""
    assert figures(MARKDOWN, PAGE) == dict.fromkeys(MEASURES, 1.0)


@pytest.mark.parametrize(
    ("measure", "right", "wrong"),
    [
        ("text", "painted", "printed"),
        ("order", f"{FIRST}\n\n{SECOND}", f"{SECOND}\n\n{FIRST}"),
        ("formulas", "a^{2}", "a^{3}"),
        ("cells", "<td>1</td><td>2</td>", "<td>1 2</td><td></td>"),
        ("headings", "## A mill", "A mill"),
        ("levels", "## A mill", "# A mill"),
        ("items", "- The second", "The second"),
        ("code", "    close()", "close()"),
    ],
)  # fmt: skip
def test_each_mistake_costs_its_measure(measure: str, right: str, wrong: str) -> None:
    """And a page without anything has no points at all."""
    assert right in MARKDOWN
    assert figures(MARKDOWN.replace(right, wrong), PAGE)[measure] < 1
    assert figures("", PAGE)[measure] == 0


def test_cells_are_compared_as_neighbours() -> None:
    """A span counts once, and a table in pieces has lost what goes over the cut."""
    assert cell_f1(write_html(GRID), [GRID]) == 1
    apart = "".join(
        write_html(Grid(tuple(replace(cell, row=0) for cell in GRID.cells if cell.row == row)))
        for row in (0, 1)
    )
    assert cell_f1(apart.replace("><table", ">\n\n<table"), [GRID]) == pytest.approx(2 * 3 / (3 + 6))


def test_what_falls_short_is_said() -> None:
    """By category and measure; a measure that is missing has no points."""
    category, least = next((category, least) for category, least in THRESHOLDS.items() if "order" in least)
    assert shortfalls({category: dict(least)}) == []
    low = dict(least) | {"text": 0.1}
    del low["order"]
    assert [one.split(": ")[1].split(" ")[0] for one in shortfalls({category: low})] == ["text", "order"]
    assert "| 0.10 |" in table({category: low})


def test_pages_are_the_same_each_time() -> None:
    """With the thresholds of every category, and of nothing that no page has."""
    pages = list(sheets())
    assert pages == list(sheets())
    assert {page.category for page in pages} == set(THRESHOLDS)
    for page in pages:
        kinds = {part.kind for part in page.parts}
        least = THRESHOLDS[page.category]
        assert {"text", "order"} <= set(least) <= set(MEASURES)
        assert ("cells" in least) >= ("table" in kinds)
        with pymupdf.open(stream=page.pdf) as document:
            assert len(document) == 1
            assert bool(document[0].get_text().strip()) == (page.category not in WEAR)


def test_scans_are_worn() -> None:
    """A little, and more."""
    page = next(sheets())
    sizes = [len(worn(page.pdf, wear)) for wear in WEAR.values()]
    assert len(set(sizes)) == len(WEAR)


def test_the_gate_reads_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """The command's own way, on one category."""
    assert main(["--category", "ruled tables", "--verifier", "draft-only"]) == 0
    assert "| ruled tables | " in capsys.readouterr().out
