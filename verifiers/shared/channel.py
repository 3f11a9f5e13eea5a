"""What a process with a model and those that ask it say to each other, over a socket of this machine.

Values are pickled: both sides are processes of one run, and the socket is in a folder of its user alone.
"""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from docspec.types import Category, Request, Style, Verdict

LENGTH = struct.Struct("!Q")  # before each message: its bytes


@dataclass(frozen=True, slots=True)
class Card:
    """The first word to who connects: what the model is, and how it is asked.

    ``declined`` are its reasons for what it does not read, by category (None: pages). ``room`` is how many
    requests each may have asked at a time. ``host`` names the process; ``death`` is how the one before it
    ended.
    """

    name: str
    style: Style
    dpi: float
    native: Literal["region", "page"]
    reads_pages: bool
    doubtful_only: bool
    device: str
    declined: Mapping[Category | None, str | None]
    room: int
    host: int
    death: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, by the asker's number. ``alone`` where it may be what ended the process before: the model
    has nothing else in hand then."""

    number: int
    request: Request
    alone: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """The model has the request now."""

    number: int


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict on a request, and what the model spent since the last one it gave anybody, by stage."""

    number: int
    verdict: Verdict
    seconds: Mapping[str, float]


class Channel:
    """One end of a connection. Everything raises OSError or EOFError where the other end is gone.

    One thread sends, one receives; the latter has to go on until it is gone, which is what closes it.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def send(self, message: object) -> None:
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._socket.sendall(LENGTH.pack(len(content)))
        self._socket.sendall(content)

    def receive(self) -> Any:
        """The next message, when it is there."""
        try:
            [length] = LENGTH.unpack(self._read(LENGTH.size))
            return pickle.loads(self._read(length))
        except (OSError, EOFError):
            self._socket.close()
            raise

    def close(self) -> None:
        """From any thread: the connection is gone, for both ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self, length: int) -> bytearray:
        content = bytearray(length)
        rest = memoryview(content)
        while rest:
            count = self._socket.recv_into(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return content


def connect(address: str) -> Channel:
    """A connection to who listens at the path ``address``. Raises OSError."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(address)
    except OSError:
        made.close()
        raise
    return Channel(made)


def accepted(listening: socket.socket, patience: float) -> Channel:
    """The next who connects, to whom sending takes at most ``patience`` seconds; then OSError is raised."""
    made, _ = listening.accept()
    seconds, rest = divmod(patience, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(seconds), int(rest * 1e6)))
    return Channel(made)
