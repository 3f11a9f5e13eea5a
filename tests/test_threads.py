"""Threads of onnxruntime: a process that is told its share of the cores keeps to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docspec.threads import VARIABLE, onnx_threads

ROOT = Path(__file__).parent.parent
PROGRAM = """
import psutil
from docspec.drafters.reading.ocr_models import V6
from docspec.drafters.reading.sessions import Session
session = Session(V6.detector.path().read_bytes())
print(psutil.Process().num_threads())
"""


def test_the_environment_says_how_many() -> None:
    """A number, the first of a list, or nothing that can be read: all cores."""
    said = {"3": 3, " 2": 2, "4,1": 4, "": 0, "many": 0, "-1": 0}
    assert {text: onnx_threads({VARIABLE: text}) for text in said} == said
    assert onnx_threads({}) == 0


def started(threads: int) -> int:
    """How many threads a process has that has made a session and was told to use so many."""
    own = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), VARIABLE: str(threads)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env={**os.environ, **own}, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
def test_a_session_keeps_to_it() -> None:
    """Each thread more that it may have is one more that it starts, whatever the machine has."""
    assert started(4) - started(1) == 3
