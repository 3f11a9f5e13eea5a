"""What an input is made of: whether it has changed, its hash, its bytes on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docspec.batches.manifest import key_of
from docspec.batches.sources import Item, asked, remote
from docspec.errors import InputError, InputNotFound

BLOCK = 1 << 20  # bytes


def stamp_of(item: Item) -> tuple[int, str]:
    """The size of an input in bytes, and what changes when it is written again. Raises InputError."""
    if not item.is_remote:
        try:
            found = Path(item.source).stat()
        except FileNotFoundError:
            raise InputNotFound(
                f"{item.source}: no such file; it has gone since the batch was begun"
            ) from None
        except OSError as error:
            raise InputError(f"{item.source}: cannot be read: {error.strerror or error}") from error
        return found.st_size, str(found.st_mtime_ns)
    store, place = remote(item.source)
    info: Mapping[str, Any] = asked(item.source, lambda: store.info(place))
    known = [info[name] for name in ("ETag", "etag", "LastModified", "mtime", "created") if info.get(name)]
    return int(info.get("size") or 0), str(known[0]) if known else ""


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises InputError."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                found.update(block)
    except FileNotFoundError:
        raise InputNotFound(f"{path}: no such file; it has gone since the batch was begun") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return found.hexdigest()


def fetch(item: Item, scratch: Path) -> Path:
    """The input as a file: itself, or a copy below ``scratch`` under its own name. Raises InputError."""
    if not item.is_remote:
        return Path(item.source)
    folder = scratch / "inputs" / key_of(item.stem)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / item.source.rsplit("/", 1)[-1]
    store, place = remote(item.source)
    asked(item.source, lambda: store.get_file(place, str(path)))
    return path
