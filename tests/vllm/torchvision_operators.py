"""Makes torchvision's CUDA wheel importable beside a CPU build of torch, for tests of vLLM on the CPU.

The package index has one torchvision, built for CUDA; its compiled operators do not load here, and without
them it fails on import. vLLM and transformers want its image functions only, which are Python. So two of the
operators are declared, without an implementation, as soon as somebody imports torchvision. Run as a script,
it puts itself and a ``.pth`` file that loads it at every start into the environment's site-packages.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class Finder:
    """Declares the operators when torchvision is looked for, once, and leaves finding it to the others."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Never finds anything itself."""
        if name == "torchvision":
            sys.meta_path.remove(self)
            _declare()
        return None


def _declare() -> None:
    import torch

    spec = PathFinder.find_spec("torchvision")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    try:
        torch.ops.load_library(next(folder.glob("_C*.so")) if folder else "")
    except (OSError, StopIteration):
        library = torch.library.Library("torchvision", "DEF")
        for operator in OPERATORS:
            library.define(operator)
        Finder.library = library  # type: ignore[attr-defined]  # operators go with their library


def install() -> None:
    """Write this file and ``torchvision_operators.pth`` into the running environment's site-packages."""
    site = Path(sysconfig.get_paths()["purelib"])
    shutil.copy(__file__, site / "torchvision_operators.py")
    (site / "torchvision_operators.pth").write_text("import torchvision_operators\n", "utf-8")


if __name__ == "__main__":
    install()
elif importlib.util.find_spec("torch"):
    sys.meta_path.insert(0, Finder())
