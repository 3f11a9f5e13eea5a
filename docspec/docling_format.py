"""A document as a DoclingDocument, which docling's chunkers and everything built on them read.

Regions become its items in reading order: texts, headings with their levels, lists, tables with their cells,
formulas, code, pictures with captions. Each says its page and its box (page points, origin top left). Page
headers and footers are in its furniture. Text is the region's own: paragraphs that a page break cuts are two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from docspec.drafters.formats.table_text import Grid, read_table
from docspec.errors import UsageError
from docspec.markdown import is_code, list_items
from docspec.marks import HEADING, ITEM, ITEM_BULLET, bare_formula, without
from docspec.types import Category, Document, PageResult, RegionResult

if TYPE_CHECKING:
    from docling_core.types.doc import DoclingDocument

SECTION = 1  # the level of a heading whose level nobody knows
MARGINALS = (Category.PAGE_HEADER, Category.PAGE_FOOTER)


class Docling:
    """The format: JSON that ``DoclingDocument.load_from_json`` takes. Needs the extra ``docling``."""

    suffix = ".docling.json"

    def require(self) -> None:
        """Raises UsageError where docling-core is not installed."""
        if find_spec("docling_core") is None:
            raise UsageError("the format docling needs pip install 'docspec-vlm[docling]'")

    def write(self, document: Document) -> str:
        self.require()
        return str(to_docling(document).model_dump_json(indent=1, by_alias=True, exclude_none=True)) + "\n"


def to_docling(document: Document) -> DoclingDocument:
    """``document`` in docling's words. A page that failed has its place and nothing on it."""
    from docling_core.types.doc import DoclingDocument, Size

    made = DoclingDocument(name=document.name)
    for page in document.pages:
        made.add_page(page_no=page.index + 1, size=Size(width=page.width, height=page.height))
        _Page(made, page).add()
    return made


class _Page:
    """Adds a page's regions to ``made``."""

    def __init__(self, made: DoclingDocument, page: PageResult) -> None:
        self.made, self.page = made, page
        self.group: Any = None  # the list that items are added to
        self.captions = _captions(page.regions)

    def add(self) -> None:
        """All of them; a caption with what it is of."""
        used = {id(caption) for group in self.captions.values() for caption in group}
        for result in sorted(self.page.regions, key=lambda result: result.order):
            text = result.text.strip()
            if id(result) in used or not (text or result.category is Category.PICTURE):
                continue
            if result.category is not Category.LIST_ITEM:
                self.group = None
            self._add(result, text)

    def _add(self, result: RegionResult, text: str) -> None:
        from docling_core.types.doc import ContentLayer, DocItemLabel

        made, where = self.made, self._place(result, text)
        category = result.category
        if category is Category.LIST_ITEM:
            self._items(result, text)
        elif category is Category.TABLE and (grid := read_table(text)) is not None:
            table = made.add_table(_table(grid), prov=where)
            table.captions = self._captions(result)
        elif category is Category.PICTURE:
            picture = made.add_picture(prov=where)
            picture.captions = self._captions(result)
        elif is_code(text):
            made.add_code("\n".join(text.split("\n")[1:-1]), prov=where)
        elif category is Category.TITLE:
            made.add_title(_line(text), prov=where)
        elif category is Category.SECTION_HEADER:
            made.add_heading(_line(text), level=_level(result, text), prov=where)
        elif category is Category.FORMULA:
            made.add_formula(bare_formula(text), prov=where)
        else:
            layer = ContentLayer.FURNITURE if category in MARGINALS else ContentLayer.BODY
            plain = category is Category.TABLE  # whose text is none
            label = DocItemLabel.TEXT if plain else DocItemLabel(category.value.replace("-", "_"))
            made.add_text(label, text, prov=where, content_layer=layer)

    def _items(self, result: RegionResult, text: str) -> None:
        self.group = self.group or self.made.add_list_group()
        for line in list_items(text).split("\n"):
            bare = line.strip()
            mark = ITEM.match(bare)
            words = without(ITEM, bare)
            if not words:
                continue
            numbered = mark is not None and not ITEM_BULLET.match(bare)
            self.made.add_list_item(
                words,
                enumerated=numbered,
                marker=mark[0].strip() if mark and numbered else None,
                parent=self.group,
                prov=self._place(result, words),
            )

    def _captions(self, result: RegionResult) -> list[Any]:
        from docling_core.types.doc import DocItemLabel

        added = []
        for caption in self.captions.get(result.order, ()):
            text = caption.text.strip()
            item = self.made.add_text(DocItemLabel.CAPTION, text, prov=self._place(caption, text))
            added.append(item.get_ref())
        return added

    def _place(self, result: RegionResult, text: str) -> Any:
        from docling_core.types.doc import BoundingBox, CoordOrigin, ProvenanceItem

        left, top, right, bottom = map(float, result.box)
        box = BoundingBox(l=left, t=top, r=right, b=bottom, coord_origin=CoordOrigin.TOPLEFT)
        return ProvenanceItem(page_no=self.page.index + 1, bbox=box, charspan=(0, len(text)))


def _captions(regions: Sequence[RegionResult]) -> dict[int, list[RegionResult]]:
    """The captions with text of pictures and tables, by the orders of these."""
    parents = {
        result.order
        for result in regions
        if result.category is Category.PICTURE
        or (result.category is Category.TABLE and read_table(result.text) is not None)
    }
    found: dict[int, list[RegionResult]] = {}
    for result in regions:
        parent = result.region.parent
        if result.category is Category.CAPTION and parent in parents and result.text.strip():
            found.setdefault(parent, []).append(result)
    return found


def _line(text: str) -> str:
    """A heading in one line without its marks."""
    return " ".join(without(HEADING, text).split())


def _level(result: RegionResult, text: str) -> int:
    """Docling counts below the title: what markdown marks ``##`` is its 1."""
    mark = HEADING.match(text)
    level = result.region.level or (len(mark[1]) if mark else None)
    return max(level - 1, 1) if level else SECTION


def _table(grid: Grid) -> Any:
    from docling_core.types.doc import TableData

    return TableData(table_cells=list(_cells(grid)), num_rows=grid.height, num_cols=grid.width)


def _cells(grid: Grid) -> Iterator[Any]:
    from docling_core.types.doc import TableCell

    for cell in grid.cells:
        yield TableCell(
            text=cell.text,
            row_span=cell.rows,
            col_span=cell.columns,
            start_row_offset_idx=cell.row,
            end_row_offset_idx=cell.row + cell.rows,
            start_col_offset_idx=cell.column,
            end_col_offset_idx=cell.column + cell.columns,
            column_header=cell.row < grid.headers,
        )
