"""How many threads onnxruntime may have: unlike torch and numpy it does not ask OMP_NUM_THREADS."""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "OMP_NUM_THREADS"


def onnx_threads(environment: Mapping[str, str] = os.environ) -> int:
    """What ``OMP_NUM_THREADS`` says, by which a process is told its share of the cores; 0, all, without it.

    OpenMP takes lists as well, of which the first number is the outermost level's.
    """
    first = environment.get(VARIABLE, "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0
