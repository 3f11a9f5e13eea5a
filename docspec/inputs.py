"""What the user asks to be read: paths, folders and globs; page ranges."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from docspec import images
from docspec.errors import InputNotFound, UsageError

SUFFIXES = (".pdf", *images.SUFFIXES)
EXPECTED = "a PDF or an image (" + ", ".join(sorted(images.FORMATS)) + ")"


def collect_inputs(paths: Sequence[str | Path]) -> list[Path]:
    """The files that ``paths`` name: files as given, folders' documents (recursively, sorted), globs.

    Each file once. Raises InputNotFound for a path that names nothing.
    """
    found: dict[Path, Path] = {}
    for given in paths:
        for path in _expand(Path(given)):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _expand(path: Path) -> list[Path]:
    kinds = ", ".join(SUFFIXES)
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not inside:
            raise InputNotFound(f"{path}: the folder holds no document; expected files ending in {kinds}")
        return inside
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
        files = [p for p in matches if p.is_file() and p.suffix.lower() in SUFFIXES]
        if not files:
            raise InputNotFound(f"{path}: matches no document; expected files ending in {kinds}")
        return files
    raise InputNotFound(f"{path}: no such file or folder; expected {EXPECTED}, a folder of them, or a glob")


def select_pages(spec: str | None, count: int) -> tuple[list[int], str]:
    """Indexes from 0 of the pages that ``spec`` selects among ``count``, ascending, and a note or "".

    Pages past the end are left out and noted. Raises UsageError when ``spec`` is malformed or selects
    nothing.
    """
    if spec is None:
        return list(range(count)), ""
    ranges = parse_ranges(spec)
    chosen = {
        i for first, last in ranges for i in range(first - 1, count if last is None else min(last, count))
    }
    if not chosen:
        plural = "" if count == 1 else "s"
        raise UsageError(f"pages {spec!r} select nothing: the document has {count} page{plural}")
    beyond = any((last or first) > count for first, last in ranges)
    return sorted(chosen), f"pages {spec}: the document has only {count}" if beyond else ""


def parse_ranges(spec: str) -> list[tuple[int, int | None]]:
    """``1-3,7,10-`` as [(1, 3), (7, 7), (10, None)]. Raises UsageError when it is malformed."""
    ranges: list[tuple[int, int | None]] = []
    for part in spec.split(","):
        match = re.fullmatch(r"(\d{1,9})?(?:(-)(\d{1,9})?)?", part.replace(" ", ""))
        if match is None or not (match[1] or match[3]):
            raise UsageError(
                f"bad page range {part.strip()!r} in {spec!r}; expected something like 1-3,7,10-"
            )
        first = int(match[1] or 1)
        last = (int(match[3]) if match[3] else None) if match[2] else first
        if first < 1 or (last is not None and last < first):
            raise UsageError(f"bad page range {part.strip()!r} in {spec!r}; pages count from 1, ranges go up")
        ranges.append((first, last))
    return ranges
