"""Frozen values as plain data and back: what a page's result is on disk until its document is whole. Pure.

The JSON result cannot do this: it leaves out what the hierarchy of headings is decided from (lines and their
print). Pickle can, but would run whatever somebody puts into a shared folder.
"""

from __future__ import annotations

import types
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """``value`` as dicts, lists, strings and numbers for ``json.dumps``; dataclasses by their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return [[to_plain(key), to_plain(item)] for key, item in value.items()]
    return value.item() if hasattr(value, "item") else value  # numbers of numpy


def from_plain(kind: type[T], data: Any) -> T:
    """The value of type ``kind`` that ``to_plain`` made ``data`` of.

    Raises ValueError, TypeError or KeyError where ``data`` is of no such value.
    """
    return cast(T, _read(kind, data))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, data: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        [kind] = [argument for argument in arguments if argument is not type(None)]
        return _read(kind, data)
    if origin is tuple:
        items = cast(list[Any], data)
        kinds = [arguments[0]] * len(items) if arguments[1:] == (...,) else list(arguments)
        return tuple(_read(one, item) for one, item in zip(kinds, items, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {_read(arguments[0], key): _read(arguments[1], item) for key, item in data}
    if is_dataclass(kind):
        hints = _hints(cast(type, kind))
        return cast(type, kind)(**{name: _read(hints[name], item) for name, item in data.items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is bytes:
        return b64decode(data)
    return data
