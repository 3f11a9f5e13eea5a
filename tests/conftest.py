"""Shared set-up: helper modules beside the tests and the examples can be imported; documents and parts."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pymupdf
import pytest
import torch
from hypothesis import settings

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "examples"), str(HERE / "vllm")]

if not torch.cuda.is_available():
    # kernels are run by its interpreter, if it is told so before it is imported
    os.environ["TRITON_INTERPRET"] = "1"

# What runs inside vLLM has an environment of its own (make test-vllm). The folder of its tests is no vLLM.
VLLM = find_spec("vllm")
collect_ignore_glob = [] if VLLM is not None and VLLM.origin else ["vllm/test_*.py"]

# An example that takes long on a busy machine is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

PARAGRAPH = (
    "Speculative decoding drafts many tokens at once and lets a larger model verify them in a single pass, "
    "so that its own greedy output is written several times sooner."
)


@pytest.fixture
def small_parts_installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of ``small_parts`` have names, as if a third party's package had been installed."""
    import small_parts  # their folder is on the path only now
    from installed import install

    site = tmp_path_factory.mktemp("site")
    install(site, small_parts, copied=False)
    monkeypatch.syspath_prepend(site)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """Two pages of a heading and a paragraph each."""
    document = pymupdf.open()
    for number in (1, 2):
        page = document.new_page(width=420, height=300)
        page.insert_text((40, 60), f"{number} Heading of page {number}", fontsize=18, fontname="hebo")
        page.insert_textbox((40, 90, 380, 250), PARAGRAPH, fontsize=11)
    path = tmp_path / "paper.pdf"
    document.save(path)
    return path
