"""What a ``docspec parse`` will read and write, decided before any model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from docspec.errors import InputError, OutputError, UsageError
from docspec.inputs import collect_inputs
from docspec.output import format_of, parse_formats, stems

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Item:
    """A document to read (``path`` None: standard input) and the stem of the files to write for it."""

    path: Path | None
    stem: str

    @property
    def label(self) -> str:
        """What messages call it."""
        return "stdin" if self.path is None else str(self.path)


@dataclass(frozen=True, slots=True)
class Plan:
    """``folder`` None: the one document goes to standard output. ``errors``: inputs that are not there."""

    items: tuple[Item, ...]
    folder: Path | None
    formats: tuple[str, ...]
    errors: tuple[InputError, ...]


def make_plan(inputs: Sequence[str], output: Path | None, formats: str | None, images: bool) -> Plan:
    """The plan for the command's arguments. Raises UsageError and OutputError.

    Without ``output`` a single document goes to standard output. ``output`` is a folder, or a file if it
    ends in a format's suffix and there is one document.
    """
    kinds = parse_formats(formats) if formats is not None else None
    paths, errors = _collect(inputs)
    if output is None:
        if len(paths) > 1 or len(kinds or ()) > 1:
            raise UsageError("several documents or formats: say where to write them with -o FOLDER")
        if images:
            raise UsageError("--images needs a place to write them: -o FOLDER")
    elif len(paths) <= 1 and not output.is_dir() and (named := format_of(output, kinds) or format_of(output)):
        kind, stem = named
        if kinds not in (None, (kind,)):
            raise UsageError(f"-o {output} is one file, but --format asks for {','.join(kinds or ())}")
        items = tuple(Item(path, stem) for path in paths)
        return Plan(items, output.parent, (kind,), errors)
    elif output.exists() and not output.is_dir():
        raise OutputError(f"{output}: exists and is no folder")
    names = stems(["stdin" if path is None else path.name for path in paths])
    items = tuple(Item(path, stem) for path, stem in zip(paths, names, strict=True))
    return Plan(items, output, kinds or ("md",), errors)


def _collect(inputs: Sequence[str]) -> tuple[list[Path | None], tuple[InputError, ...]]:
    paths: dict[Path | None, Path | None] = {}  # by resolved path: each document once
    errors = []
    for given in inputs:
        if given == STDIN:
            paths[None] = None
            continue
        try:
            for path in collect_inputs([given]):
                paths.setdefault(path.resolve(), path)
        except InputError as error:
            errors.append(error)
    return list(paths.values()), tuple(errors)
