"""The most memory that a run needs."""

from __future__ import annotations

import re
from pathlib import Path

import torch

CLEAR = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
RESET_PEAK = "5"  # of the resident set; see proc_pid_clear_refs(5)


class PeakMemory:
    """Peaks from here on, of the process's resident memory and of what torch holds on ``device``.

    What was in memory before, the weights among it, counts. ``host_mib`` is None where the system does not
    let the peak of a process be set back: the high-water mark would be that of earlier runs. ``device_mib``
    is None but on CUDA, and without what other libraries hold there (onnxruntime's models).
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._counts = _reset()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    @property
    def host_mib(self) -> int | None:
        found = re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(), re.MULTILINE) if self._counts else None
        return int(found[1]) // 1024 if found else None

    @property
    def device_mib(self) -> int | None:
        return torch.cuda.max_memory_allocated(self.device) // 2**20 if self.device.type == "cuda" else None


def _reset() -> bool:
    """Set the peak back to what is in use now; False where that cannot be done (other systems, sandboxes)."""
    try:
        CLEAR.write_text(RESET_PEAK)
    except OSError:
        return False
    return True
