"""What loads late: libraries that a page does not need, and models before they are asked for."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from test_cli import fresh

from docspec.config import Config
from docspec.errors import ModelError
from docspec.layout.layout_model import ImageNetwork, load_layout_model
from docspec.mupdf import pymupdf
from docspec.types import LoadsLate
from docspec.verifiers.late import Late
from docspec.verifiers.mini.verifier import MiniVerifier

PAPER = Path(__file__).parents[1] / "examples" / "paper.pdf"
HEAVY = {"torch", "transformers", "scipy", "pandas", "layoutparser", "rapidocr_onnxruntime", "tokenizers"}


@pytest.mark.parametrize("verify", ["none", "doubtful"])
def test_a_born_digital_page_needs_no_model_library(verify: str) -> None:
    """Neither torch nor what OCR and other detectors bring is imported where nothing has to be verified."""
    status, modules, seconds = fresh("parse", str(PAPER), "--pages", "1", "-q", "--verify", verify)
    assert status == 0
    assert not modules & HEAVY
    assert seconds < 6  # measured: 1.5; importing torch and transformers alone takes 4.5


def test_the_layout_functions_of_pymupdf_are_there_when_they_are_called() -> None:
    """Importing docspec leaves PyMuPDF without its layout model, until somebody calls for it."""
    code = (
        "import json, sys\nfrom docspec.mupdf import pymupdf\n"
        "before = 'pymupdf.layout' in sys.modules\n"
        f"page = pymupdf.open({str(PAPER)!r})[0]\npage.get_layout()\n"
        "print(json.dumps([before, len(page.layout_information), 'pymupdf.layout' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, found, after = json.loads(done.stdout.splitlines()[-1])
    assert (before, after) == (False, True)
    assert found > 5


def test_the_image_network_gives_what_a_plain_session_gives() -> None:
    """Memory that is kept from page to page changes no number, neither at first nor later."""
    import onnxruntime

    path = load_layout_model().imf_model_path
    plain = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    kept, random = ImageNetwork(path), np.random.default_rng(0)
    names = [node.name for node in plain.get_outputs()]
    for _ in range(3):
        image = random.random((1, 1, 300, 300), dtype=np.float32)
        expected = plain.run(names, {"input": image})
        for one, other in zip(kept.run(names, {"input": image}), expected, strict=True):
            assert np.array_equal(one, other)


def test_the_layout_model_finds_what_the_library_finds() -> None:
    """Without the network for tables' cells the regions are the same."""
    from pymupdf.layout import DocumentLayoutAnalyzer

    library = DocumentLayoutAnalyzer.get_model(input_type="text+post-seg-image")
    with pymupdf.open(PAPER) as document:
        for page in document:
            assert load_layout_model().predict(page) == library.predict(page)


def test_something_late_is_made_once() -> None:
    """Many threads that ask at once get the same one."""
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    late = Late(make)
    assert late.made is None
    given: list[object] = []
    threads = [threading.Thread(target=lambda: given.append(late.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert all(one is made[0] for one in given)
    assert late.made is made[0]


def test_whoever_asks_gets_the_error() -> None:
    """Loading that fails in the background fails where the model is needed, each time."""

    def fail() -> None:
        raise ModelError("no weights")

    late = Late(fail)
    late.expect()
    for _ in range(2):
        with pytest.raises(ModelError, match="no weights"):
            late.get()


def test_the_mini_waits_for_something_to_verify() -> None:
    """It is loaded neither when it is made nor by a run that asks it nothing."""
    verifier = MiniVerifier(Config())
    assert isinstance(verifier, LoadsLate)
    assert list(verifier.verify(iter([None]))) == []
    verifier.release()
    assert (verifier.device, verifier.seconds, verifier.passes) == ("", {}, 0)
    verifier.prepare()
    assert verifier.inner.device == "cpu (float32)"
    assert verifier.device == verifier.inner.device
