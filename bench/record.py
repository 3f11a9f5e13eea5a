"""A benchmark's lines on disk: one JSON object for each page and run, and the machine that made them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from docspec.bench.memory import PeakMemory
from docspec.bench.ways import VERIFIER_STAGES, Outcome, PageOutcome
from docspec.errors import UsageError
from docspec.result_json import counts as plain_counts
from docspec.types import DecodeStats

OCR_PACKAGES = ("rapidocr", "rapidocr-onnxruntime", "onnxruntime")
PACKAGES = ("docspec-vlm", "torch", "transformers", "pymupdf", *OCR_PACKAGES)
Row = dict[str, Any]


class Journal:
    """The lines of a run, which another run with the same ``setup`` goes on with.

    Raises UsageError where the file's lines were made with another setup.
    """

    def __init__(self, path: Path, setup: Mapping[str, Any]) -> None:
        self.path, self.setup = path, setup
        self.rows: list[Row] = read_rows(path)
        for row in self.rows:
            changed = [name for name in setup if row["setup"].get(name) != setup[name]]
            if changed:
                raise UsageError(
                    f"{path} was made with another {', '.join(changed)}: give another folder with -o"
                )
        self.done = {(row["page"], row["run"]) for row in self.rows}
        path.parent.mkdir(parents=True, exist_ok=True)
        _end_whole(path)

    def add(self, row: Row) -> None:
        """Write a line; it is on disk when this returns."""
        row = {**row, "setup": dict(self.setup)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.rows.append(row)
        self.done.add((row["page"], row["run"]))


def read_rows(path: Path) -> list[Row]:
    """The whole lines of a file; none where there is no file. A last line that was cut off is left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1] if line]


def _end_whole(path: Path) -> None:
    """Take off a last line that was cut off: what is added must not go on with it."""
    if path.is_file():
        kept = path.read_bytes().rpartition(b"\n")
        if kept[2]:
            os.truncate(path, len(kept[0]) + len(kept[1]))


def setup(settings: Mapping[str, Any], device: str) -> Row:
    """The settings with hardware and versions. ``device`` is ``cpu``, ``cuda``, ``cuda:1``, ..."""
    gpu = torch.cuda.get_device_name(device) if device.startswith("cuda") else None
    return {
        **settings,
        "device": device,
        "gpu": gpu,
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def cpu_name() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def page_row(entry: Mapping[str, Any], run: str) -> Row:
    """What a line says of its page and run."""
    info = entry["page_info"]
    attributes = info.get("page_attribute", {})
    named = {name: attributes.get(name, "") for name in ("language", "layout", "data_source")}
    return {"page": info["image_path"], "run": run, "concurrency": 1, **named}


def measured(outcome: Outcome, memory: PeakMemory) -> Row:
    """What a line says of its run over one page or many."""
    rounded = {stage: round(seconds, 6) for stage, seconds in outcome.seconds.items()}
    return {
        "seconds": rounded,
        "total_s": round(outcome.total, 6),
        "verifier_s": round(sum(outcome.seconds.get(stage, 0.0) for stage in VERIFIER_STAGES), 6),
        "passes": outcome.passes,
        **counts(outcome.stats),
        "peak_memory_mib": memory.host_mib,
        "peak_gpu_mib": memory.device_mib,
    }


def page_read(page: PageOutcome) -> Row:
    """What a line says of what was read on its page."""
    return {
        "categories": {name: counts(stats) for name, stats in page.categories.items()},
        "sources": {name: counts(stats) for name, stats in page.sources.items()},
        "outputs": page.outputs,
    }


def counts(stats: DecodeStats) -> Row:
    """Statistics as a line has them; ``mean_window`` is draft tokens sent a step."""
    window = round(stats.drafted / stats.steps, 2) if stats.steps else 0.0
    return {**plain_counts(stats), "mean_window": window}
