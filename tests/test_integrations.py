"""LangChain's and LlamaIndex's own packages, where they are installed, take what docspec reads."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest
from small_pdfs import make_pdf

import docspec
from docspec.config import Options
from docspec.integrations import texts

OPTIONS: Options = {"verifier": "draft-only"}
PAGES = ["Alpha is the first letter.", "Beta is the second one."]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A document of two pages."""
    return make_pdf(tmp_path / "in/paper.pdf", PAGES)


def test_a_document_is_its_markdown_or_its_pages(paper: Path) -> None:
    """The whole has the parser's text and counts, the pages have their own and their numbers."""
    document = docspec.parse(paper, **OPTIONS)
    [(text, about)] = texts(document, by_page=False)
    assert (text, about["pages"], about["source"]) == (document.markdown, 2, str(paper))
    assert [(text.strip(), about["page"]) for text, about in texts(document, by_page=True)] == [
        (PAGES[0], 1),
        (PAGES[1], 2),
    ]


def test_langchain_loads(paper: Path, tmp_path: Path) -> None:
    """Its loader gives its documents, whole and by page; what cannot be read is docspec's error."""
    pytest.importorskip("langchain_core")
    from docspec.integrations.langchain import DocspecLoader

    [whole] = DocspecLoader(paper, **OPTIONS).load()
    assert whole.page_content == docspec.parse(paper, **OPTIONS).markdown
    pages = DocspecLoader([str(paper)], by_page=True, **OPTIONS).lazy_load()
    assert [page.metadata["page"] for page in pages] == [1, 2]
    (tmp_path / "none.pdf").write_bytes(b"nothing")
    with pytest.raises(docspec.InputError):
        DocspecLoader(tmp_path / "none.pdf", **OPTIONS).load()


def test_llama_index_reads(paper: Path) -> None:
    """Its folder reader calls ours for PDFs; a file elsewhere is read through its file system."""
    pytest.importorskip("llama_index.core")
    from llama_index.core import SimpleDirectoryReader

    from docspec.integrations.llama_index import DocspecReader

    reader = DocspecReader(by_page=True, **OPTIONS)
    folder = SimpleDirectoryReader(str(paper.parent), file_extractor={".pdf": reader})
    found = folder.load_data()
    assert [document.text.strip() for document in found] == PAGES
    assert [document.metadata["page"] for document in found] == [1, 2]
    assert found[0].metadata["file_name"] == "paper.pdf"
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/integrations/paper.pdf", paper.read_bytes())
    elsewhere = reader.load_data("/integrations/paper.pdf", fs=memory)
    assert [document.metadata["source"] for document in elsewhere] == ["/integrations/paper.pdf"] * 2
