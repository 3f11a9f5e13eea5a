"""A JSON result from disk, checked against its documented shape before anything relies on it."""

from __future__ import annotations

import json
import re
import types
from pathlib import Path
from typing import Any, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from docspec.errors import CorruptInput, InputError, InputNotFound, UnsupportedInput
from docspec.result_json import SCHEMA, DocumentJson

# What versions 1.0 and 1.1 did not have.
LATER: dict[str, Any] = {
    "source": None,
    "device": "",
    "mode": "",
    "page_pass": None,
    "turn": 0,
    "continues": False,
    "sample": None,
}

LARGEST = 1e15  # of any number

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}


def read_result(path: Path) -> DocumentJson:
    """The result in the file ``path``. Raises InputError with one line that says what is wrong where."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputNotFound(f"{path}: no such file; expected a JSON result of docspec parse") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_result(content, str(path))


def parse_result(content: bytes, label: str) -> DocumentJson:
    """The result that ``content`` is. Raises InputError; ``label`` is what messages call it."""
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CorruptInput(f"{label}: not JSON: {_short(error)}") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, str) or not re.fullmatch(r"docspec/\d{1,9}\.\d{1,9}", schema):
        raise UnsupportedInput(f"{label}: no JSON result of docspec parse (its schema is not {SCHEMA})")
    if _major(schema) != _major(SCHEMA):
        raise UnsupportedInput(f"{label}: its schema is {schema}, and this docspec reads {SCHEMA}")
    try:
        return cast(DocumentJson, _checked(data, DocumentJson, ""))
    except _Unfit as error:
        raise CorruptInput(f"{label}: {error}") from error


class _Unfit(Exception):
    """A value is not of the documented type."""


def _checked(value: Any, hint: Any, where: str) -> Any:
    """``value`` if it is of type ``hint``, missing later additions filled in. Raises _Unfit."""
    if is_typeddict(hint):
        return _checked_dict(value, hint, where)
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        return None if value is None else _checked(value, options[0], where)
    if get_origin(hint) is list:
        _require(isinstance(value, list), "a list", where)
        if where.endswith("bbox"):
            _require(len(value) == 4, "four numbers", where)
        return [_checked(one, get_args(hint)[0], f"{where}[{number}]") for number, one in enumerate(value)]
    if get_origin(hint) is dict:
        _require(isinstance(value, dict), "an object", where)
        return {name: _checked(one, get_args(hint)[1], f"{where}.{name}") for name, one in value.items()}
    kinds = (int, float) if hint is float else hint
    good = isinstance(value, kinds) and isinstance(value, bool) == (hint is bool)
    if good and hint in (int, float):
        good = abs(value) <= LARGEST  # neither nan nor infinity is
    _require(good, _NAMES[hint], where)
    return value


def _checked_dict(value: Any, hint: Any, where: str) -> dict[str, Any]:
    _require(isinstance(value, dict), "an object", where)
    checked = {}
    for name, kind in get_type_hints(hint).items():
        place = f"{where}.{name}" if where else name
        if name not in value and name not in LATER:
            raise _Unfit(f"{place} is missing")
        checked[name] = _checked(value.get(name, LATER.get(name)), kind, place)
    return checked


def _require(good: bool, expected: str, where: str) -> None:
    if not good:
        raise _Unfit(f"{where} is not {expected}")


def _major(schema: str) -> int:
    return int(schema.removeprefix("docspec/").split(".")[0])


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
