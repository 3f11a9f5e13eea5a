"""The time on a device's own terms."""

from __future__ import annotations

import time

import torch


def now(device: torch.device) -> float:
    """Seconds on ``time.perf_counter``'s clock, once everything that was given to ``device`` is done.

    An accelerator's kernels run behind the calls that launch them: without waiting, only launches are timed.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()
