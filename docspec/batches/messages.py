"""What those who read a batch's documents and those who ask them say to each other: JSON, errors included."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
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


def requests() -> Iterator[Message]:
    """What comes in on standard input. Who asks no more has ended, and so does this process with all that it
    has started, whatever it is doing."""
    waiting: list[Message] = []
    ready = threading.Semaphore(0)

    def listen() -> None:
        for line in sys.stdin.buffer:
            waiting.append(json.loads(line))
            ready.release()
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        ready.acquire()
        yield waiting.pop(0)


def speaker() -> Callable[[Message], None]:
    """What answers on standard output, from any thread; from now on prints go to standard error."""
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(message: Message) -> None:
        with lock:
            channel.write(json.dumps(message).encode() + b"\n")

    return say
