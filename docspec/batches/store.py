"""Where a batch keeps its results and its own state: a folder, or a remote store through fsspec.

What is written is complete or not there, and ``create`` never takes a name twice, whoever else asks for it:
on a file system through a hard link, on S3 through ``If-None-Match``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from docspec.batches.sources import is_address, remote
from docspec.errors import OutputError
from docspec.output import write_atomic

STATE = ".docspec"  # the folder of what is no result
MANIFEST = "manifest.jsonl"

T = TypeVar("T")


class Store(Protocol):
    """Names are relative to the output, with slashes. Every method raises OutputError."""

    def create(self, name: str, content: bytes) -> bool:
        """Write what is not there yet; False if it is."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write, instead of what may be there."""
        ...

    def read(self, name: str) -> bytes | None:
        """What is there, None if nothing is."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, or a folder of files, if it is there."""
        ...

    def names(self, folder: str) -> list[str]:
        """The last parts of the names in a folder, in order; none where there is no such folder."""
        ...

    def append(self, key: str, line: bytes) -> None:
        """Add a line, which is about the document of that ``key``, to the journal."""
        ...

    def entries(self) -> Iterator[bytes]:
        """All lines of the journal that this object has not given yet."""
        ...

    def news(self, key: str) -> Iterator[bytes]:
        """Lines that it has not given yet, at least those about the document of that ``key``."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where workers write results directly; None where these have to be brought to the store."""
        ...


def open_store(output: str | Path) -> Store:
    """The store at ``output``, a folder or an address. Raises UsageError and OutputError."""
    if is_address(str(output)):
        return RemoteStore(str(output))
    return LocalStore(Path(output))


class LocalStore:
    """A folder, which several processes may share."""

    def __init__(self, root: Path) -> None:
        self.folder: Path | None = root
        self.root = root
        self._given = 0  # bytes of the journal
        if root.exists() and not root.is_dir():
            raise OutputError(f"{root}: exists and is no folder")
        with _reported(root):
            (root / STATE).mkdir(parents=True, exist_ok=True)

    def create(self, name: str, content: bytes) -> bool:
        path = self.root / name
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
        with _reported(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(content)
                os.link(temporary, path)  # fails if the name is taken, and never shows half a file
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
        return True

    def write(self, name: str, content: bytes) -> None:
        write_atomic(self.root / name, content)

    def read(self, name: str) -> bytes | None:
        with _reported(self.root / name):
            try:
                return (self.root / name).read_bytes()
            except FileNotFoundError:
                return None

    def remove(self, name: str) -> None:
        path = self.root / name
        with _reported(path):
            if path.is_dir():
                for inside in path.iterdir():
                    self.remove(f"{name}/{inside.name}")
                path.rmdir()
            else:
                path.unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        with _reported(self.root / folder):
            try:
                return sorted(os.listdir(self.root / folder))
            except FileNotFoundError:
                return []

    def append(self, key: str, line: bytes) -> None:
        path = self.root / MANIFEST
        with _reported(path):
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                end = os.fstat(file).st_size
                broken = end > 0 and os.pread(file, 1, end - 1) != b"\n"  # cut off by a kill or a full disk
                content = b"\n" * broken + line + b"\n"
                if os.write(file, content) != len(content):  # one call: lines of processes do not mix
                    raise OSError("only a part of the line could be written: is the disk full?")
            finally:
                os.close(file)

    def entries(self) -> Iterator[bytes]:
        return self.news("")

    def news(self, key: str) -> Iterator[bytes]:
        path = self.root / MANIFEST
        with _reported(path):
            if not path.exists():
                return
            with path.open("rb") as file:
                file.seek(self._given)
                whole = file.read()
        lines = whole.split(b"\n")
        self._given += len(whole) - len(lines[-1])  # the last may still be being written
        yield from (line for line in lines[:-1] if line)


class RemoteStore:
    """A place that fsspec reaches, S3 for one. Nothing can be appended there: each document has an object."""

    folder: Path | None = None

    def __init__(self, address: str) -> None:
        self.store, root = remote(address)
        self.root = root.rstrip("/")
        self.address = address

    def _asked(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except FileNotFoundError:
            raise
        except Exception as error:  # each kind of store has errors of its own
            raise OutputError(f"{self.address}: {' '.join(str(error).split())}") from error

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}"

    def create(self, name: str, content: bytes) -> bool:
        def made() -> bool:
            try:
                self.store.pipe_file(self._at(name), content, mode="create")
            except FileExistsError:
                return False
            except Exception:  # two at once: each kind of store has an error of its own for that
                self.store.invalidate_cache()
                if self.store.exists(self._at(name)):
                    return False
                raise
            return True

        return self._asked(made)

    def write(self, name: str, content: bytes) -> None:
        self._asked(lambda: self.store.pipe_file(self._at(name), content))

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._asked(lambda: self.store.cat_file(self._at(name))))
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        try:
            self._asked(lambda: self.store.rm(self._at(name), recursive=True))
        except FileNotFoundError:
            return

    def names(self, folder: str) -> list[str]:
        def listed() -> list[Any]:
            self.store.invalidate_cache()  # others write here as well
            return list(self.store.ls(self._at(folder), detail=False))

        try:
            found = self._asked(listed)
        except FileNotFoundError:
            return []
        return sorted(str(name).rstrip("/").rsplit("/", 1)[-1] for name in found)

    def append(self, key: str, line: bytes) -> None:
        self.write(f"{STATE}/manifest/{key}.json", line)

    def entries(self) -> Iterator[bytes]:
        for name in self.names(f"{STATE}/manifest"):
            yield from self.news(name.removesuffix(".json"))

    def news(self, key: str) -> Iterator[bytes]:
        line = self.read(f"{STATE}/manifest/{key}.json")
        if line is not None:
            yield line


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
