"""What a batch reads, and what each result is called: folders, globs, lists, addresses of remote stores.

A result's place depends on its input's name alone, never on what else is read: a batch that is resumed with
more documents writes to where it wrote before.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from docspec.errors import DocspecError, InputError, InputNotFound, UsageError
from docspec.inputs import SUFFIXES


@dataclass(frozen=True, slots=True)
class Item:
    """A document: its ``source``, a path or an address, and the ``stem`` of its results with their folder.

    >>> from docspec.batches.sources import stem_of
    >>> stem_of("2023/report.pdf"), stem_of("2023/report.png")
    ('2023/report', '2023/report.png')
    """

    source: str
    stem: str

    @property
    def is_remote(self) -> bool:
        """Whether it has to be fetched."""
        return is_address(self.source)


def is_address(name: str) -> bool:
    """Whether ``name`` is an address that fsspec opens, such as ``s3://bucket/folder``."""
    return "://" in name


def stem_of(place: str) -> str:
    """Where the results of the document at ``place`` go, without their suffix: images keep theirs."""
    path = PurePosixPath(place)
    return str(path.with_suffix("")) if path.suffix.lower() == ".pdf" and path.stem else str(path)


def collect(inputs: Sequence[str | Path]) -> tuple[list[Item], list[InputError]]:
    """The documents that ``inputs`` name, each once, and an error for each input that names none.

    The tree below a folder, or below the part of a glob without wildcards, is mirrored; a single file goes
    to the top. Raises UsageError where two documents would be written to one place.
    """
    found: dict[str, Item] = {}
    errors: list[InputError] = []
    for given in map(str, inputs):
        try:
            items = list(_remote(given) if is_address(given) else _local(given))
        except InputError as error:
            errors.append(error)
            continue
        for item in items:
            found.setdefault(_identity(item.source), item)
    return _distinct(found.values()), errors


def collect_list(lines: Iterable[str]) -> tuple[list[Item], list[InputError]]:
    """The documents that ``lines`` name, a file or an address each; empty lines are none.

    Their whole paths are mirrored. Raises as ``collect``.
    """
    found: dict[str, Item] = {}
    for line in lines:
        name = line.strip()
        if name:
            place = name.split("://", 1)[1] if is_address(name) else Path(name).as_posix()
            parts = [part for part in PurePosixPath(place).parts if part not in ("/", "..")]
            item = Item(name, stem_of("/".join(parts)))
            found.setdefault(_identity(name), item)
    return _distinct(found.values()), []


def _identity(source: str) -> str:
    return source if is_address(source) else str(Path(source).resolve())


def _distinct(items: Iterable[Item]) -> list[Item]:
    known: dict[str, Item] = {}
    for item in items:
        other = known.setdefault(item.stem.casefold(), item)
        if other is not item:
            raise UsageError(
                f"{other.source} and {item.source} would both be written to {item.stem}: read them into "
                "different folders, or give the folder that holds both"
            )
    return list(known.values())


def _is_document(name: str) -> bool:
    hidden = any(part.startswith(".") for part in PurePosixPath(name).parts[-1:])
    return name.lower().endswith(SUFFIXES) and not hidden


def _local(given: str) -> Iterator[Item]:
    path = Path(given)
    if path.is_dir():
        yield from _below(path, sorted(p for p in path.rglob("*") if p.is_file()), given)
    elif path.exists():
        yield Item(given, stem_of(path.name))
    elif glob.has_magic(given):
        root = Path(*(part for part in _still(path.parts)))
        files = (Path(match) for match in glob.glob(given, recursive=True))
        yield from _below(root, sorted(p for p in files if p.is_file()), given)
    else:
        raise InputNotFound(f"{given}: no such file or folder; expected a document, a folder, or a glob")


def _still(parts: Sequence[str]) -> Iterator[str]:
    """The leading ``parts`` without wildcards, but never the last one, which names files."""
    for part in parts[:-1]:
        if glob.has_magic(part):
            return
        yield part


def _below(root: Path, files: Iterable[Path], given: str) -> Iterator[Item]:
    good = [path for path in files if _is_document(path.name)]
    if not good:
        raise InputNotFound(f"{given}: no document there; expected files ending in {', '.join(SUFFIXES)}")
    for path in good:
        yield Item(str(path), stem_of(path.relative_to(root).as_posix()))


def _remote(given: str) -> Iterator[Item]:
    store, place = remote(given)
    protocol = given.split("://", 1)[0]
    wild = glob.has_magic(place)
    root = "/".join(_still(place.split("/"))) if wild else place
    if wild or store.isdir(place):
        names = [str(name) for name in (store.glob(place) if wild else store.find(place))]
    elif store.exists(place):
        names, root = [place], place.rsplit("/", 1)[0]
    else:
        raise InputNotFound(f"{given}: nothing is there")
    good = sorted(name for name in names if _is_document(name))
    if not good:
        raise InputNotFound(f"{given}: no document there; expected names ending in {', '.join(SUFFIXES)}")
    for name in good:
        below = name.removeprefix(root).lstrip("/")
        yield Item(f"{protocol}://{name.lstrip('/')}", stem_of(below))


def remote(address: str) -> tuple[Any, str]:
    """The file system of an address and the place in it. Raises UsageError where it cannot be used."""
    try:
        from fsspec.core import url_to_fs

        store, place = url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{address}: {error}; addresses need pip install 'docspec-vlm[remote]'") from error
    return store, str(place)


def asked(what: str, call: Callable[[], Any]) -> Any:
    """What ``call`` gives; what goes wrong with a remote store is an InputError that names ``what``."""
    try:
        return call()
    except DocspecError:
        raise
    except FileNotFoundError as error:
        raise InputNotFound(f"{what}: no such file; it has gone since the batch was begun") from error
    except Exception as error:  # each kind of store has errors of its own
        raise InputError(f"{what}: cannot be read: {' '.join(str(error).split())}") from error
