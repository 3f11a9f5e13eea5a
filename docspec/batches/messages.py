"""What those who read a batch's documents and those who ask them say to each other: JSON, errors included."""

from __future__ import annotations

from typing import Any

from docspec import errors
from docspec.errors import DocspecError

Message = dict[str, Any]


def said(error: DocspecError) -> Message:
    """An error as an answer, with the number of the system's error that caused it."""
    cause = error.__cause__
    code = cause.errno if isinstance(cause, OSError) else None
    return {"error": str(error), "kind": type(error).__name__, "errno": code}


def error_of(answer: Message, default: type[DocspecError] = DocspecError) -> DocspecError:
    """The error that an answer is; of the type ``default`` where it came from elsewhere."""
    kind = getattr(errors, str(answer["kind"]), None)
    wanted = kind if isinstance(kind, type) and issubclass(kind, DocspecError) else default
    error = wanted(str(answer["error"]))
    if answer.get("errno") is not None:
        error.__cause__ = OSError(answer["errno"], "in a worker")
    return error
