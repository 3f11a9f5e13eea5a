"""Results on disk: which file names, and writing so that nothing half-written stands under a final name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from docspec import registry
from docspec.assemble import image_links, to_markdown
from docspec.errors import OutputError, UsageError
from docspec.types import Document


@runtime_checkable
class NeedsMore(Protocol):
    """A format that needs a package which docspec does not bring."""

    def require(self) -> None:
        """Raises UsageError where that is not installed."""
        ...


def parse_formats(text: str) -> tuple[str, ...]:
    """``md,json`` as a tuple, each once. Raises UsageError for an unknown one, for two of one suffix, and for
    one whose package is not installed."""
    formats = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    known = registry.names("formats")
    unknown = [name for name in formats if name not in known]
    if unknown or not formats:
        raise UsageError(
            f"unknown format {', '.join(unknown) or text!r}; expected some of: {','.join(known)}"
        )
    suffixes: dict[str, str] = {}
    for name in formats:
        made = registry.make("formats", name)
        if isinstance(made, NeedsMore):
            made.require()
        first = suffixes.setdefault(made.suffix, name)
        if first != name:
            raise UsageError(
                f"the formats {first} and {name} would write the same files: ask for one of them"
            )
    return formats


def format_of(path: Path, among: Sequence[str] | None = None) -> tuple[str, str] | None:
    """The format that writes files whose names end as that of ``path`` does, and the stem before the suffix.

    None if there is none among ``among`` (by default all that are registered).
    """
    kinds = (among or registry.names("formats")) if path.suffix else ()
    suffixes = [(registry.make("formats", kind).suffix, kind) for kind in kinds]
    for suffix, kind in sorted(suffixes, key=lambda named: -len(named[0])):  # .docling.json is no .json
        if path.name.endswith(suffix) and path.name != suffix:
            return kind, path.name.removesuffix(suffix)
    return None


def text_of(document: Document, kind: str) -> str:
    """``document`` in a registered format. Raises OutputError where that fails."""
    chosen = registry.make("formats", kind)
    try:
        text: object = chosen.write(document)
        if not isinstance(text, str):
            raise TypeError(f"write gave {type(text).__name__}, not str")
        return text
    except Exception as error:  # a plug-in is at fault: the other documents go on
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise OutputError(f"{document.name}: the format {kind} cannot write it: {what}") from error


def render(document: Document, kind: str) -> bytes:
    """``document`` in a registered format, as UTF-8; characters that no text may hold become ``?``."""
    return text_of(document, kind).encode("utf-8", errors="replace")


def stems(names: Sequence[str]) -> list[str]:
    """A distinct file stem for each document: ``paper``, else ``paper.pdf``, else ``paper.pdf-2``."""
    short = [Path(name).stem or "document" for name in names]
    chosen: list[str] = []
    taken: set[str] = set()
    for name, stem in zip(names, short, strict=True):
        candidate = stem if short.count(stem) == 1 else Path(name).name
        base, number = candidate, 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{base}-{number}"
        taken.add(candidate.casefold())
        chosen.append(candidate)
    return chosen


def save(document: Document, path: Path) -> None:
    """Write ``document`` to ``path`` as its suffix says, pictures beside it; see Document.save."""
    found = format_of(path)
    if found is None:
        known = ", ".join(registry.make("formats", kind).suffix for kind in registry.names("formats"))
        raise UsageError(f"{path}: unknown suffix {path.suffix!r}; expected one of: {known}")
    kind, stem = found
    write_document(document, path.parent, stem, (kind,))


def write_document(document: Document, folder: Path, stem: str, formats: Sequence[str]) -> list[Path]:
    """Write ``document`` as ``folder/stem.*``, pictures as ``folder/stem_images/*.png``; the files written.

    Raises OutputError; a file is complete or not there.
    """
    links = image_links(stem, document.pages)
    if links:
        markdown = to_markdown(document.pages, keep_headers=document.keep_headers, image_links=links)
        document = replace(document, markdown=markdown)
    pictures = {(page.index, order): png for page in document.pages for order, png in page.images.items()}
    files = [(folder / link, pictures[key]) for key, link in links.items()]
    for kind in formats:
        suffix = registry.make("formats", kind).suffix
        files.append((folder / f"{stem}{suffix}", render(document, kind)))
    for path, content in files:
        write_atomic(path, content)
    return [path for path, _ in files]


def sweep(path: Path) -> None:
    """Remove what a killed process left of writing ``path``, which nobody may be writing now."""
    mine = re.compile(re.escape(f".{path.name}.") + r"\d+\.tmp")
    for beside in path.parent.glob(".*.tmp"):
        if mine.fullmatch(beside.name):
            beside.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes) -> None:
    """Write under a temporary name beside ``path``, then rename. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
