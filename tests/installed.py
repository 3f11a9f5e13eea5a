"""Packages with parts for tests, as an installer leaves them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType


def install(folder: Path, module: ModuleType, *, copied: bool = True) -> None:
    """What is left in ``folder`` of a package of ``module``, which has its ENTRY_POINTS.

    ``copied``: the module too, for processes that do not find it beside the tests.
    """
    name = module.__name__
    if copied:
        (folder / f"{name}.py").write_text(Path(str(module.__file__)).read_text("utf-8"), "utf-8")
    info = folder / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1\n"
    (info / "METADATA").write_text(metadata, "utf-8")
    (info / "entry_points.txt").write_text(module.ENTRY_POINTS, "utf-8")
