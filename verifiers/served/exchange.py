"""One HTTP exchange of JSON, which another thread can break off.

The standard library's client is all it takes: transformers' hub client has changed its own from release to
release, and nothing here needs more. It looks at no proxy settings, since servers of models are near.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from docspec.errors import UsageError

TRY_AGAIN = {408, 425, 429}  # and everything from 500 on
KEYS = ("DOCSPEC_API_KEY", "OPENAI_API_KEY")  # of the environment, the first that is set
SENTENCE = 500  # characters of a server's own words that are shown


class Unreachable(Exception):
    """No answer, but there may be one later or elsewhere; ``seconds`` is what the server wants to be left."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Refused(Exception):
    """The server does not take what it was asked; the message has its own sentence."""


@dataclass
class Exchanges:
    """Exchanges with servers, all with one ``key`` ("" without), which no message ever shows.

    ``connect`` and ``answer`` are seconds to wait for a connection and for an answer.
    """

    key: str = field(default="", repr=False)
    connect: float = 10.0
    answer: float = 900.0  # a page's whole output on a busy server
    broken_off: bool = False
    _open: set[http.client.HTTPConnection] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, url: str, path: str) -> Any:
        """What ``path`` of the server at ``url`` answers. Raises Unreachable and Refused."""
        return self._exchange(url, "GET", path, None)

    def post(self, url: str, path: str, body: dict[str, Any]) -> Any:
        """What it answers to ``body``. Raises Unreachable and Refused."""
        return self._exchange(url, "POST", path, json.dumps(body).encode())

    def break_off(self) -> None:
        """End every exchange that is under way, and all later ones, as Unreachable."""
        with self._lock:
            self.broken_off = True
            for connection in self._open:
                if connection.sock is not None:
                    with suppress(OSError):  # it may just have ended by itself
                        connection.sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self, url: str, method: str, path: str, body: bytes | None) -> Any:
        parts = urlsplit(url)
        connection = _connection(parts, self.connect)
        try:
            connection.connect()
            with self._lock:
                if self.broken_off:
                    raise Unreachable("broken off")
                self._open.add(connection)
            connection.sock.settimeout(self.answer)
            connection.request(method, parts.path + path, body, self._headers(body))
            response = connection.getresponse()
            status, content, wait = response.status, response.read(), response.getheader("Retry-After")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(self._hidden(_named(error))) from error
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
        return self._answered(status, content, wait)

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return headers

    def _answered(self, status: int, content: bytes, wait: str | None) -> Any:
        if status == 200:
            try:
                return json.loads(content)
            except ValueError:
                raise Unreachable("an answer that is no JSON") from None
        sentence = self._hidden(f"{status} {http.client.responses.get(status, '')}".strip())
        if said := self._hidden(_sentence(content)):
            sentence += f": {said}"
        if status in TRY_AGAIN or status >= 500:
            raise Unreachable(sentence, float(wait) if wait and wait.isdecimal() else None)
        raise Refused(sentence)

    def _hidden(self, text: str) -> str:
        """``text`` without the key, should a server repeat it."""
        return text.replace(self.key, "***") if self.key else text


def key_of(environ: Mapping[str, str]) -> str:
    """The API key, "" without one."""
    return next((environ[name].strip() for name in KEYS if environ.get(name, "").strip()), "")


def urls_of(text: str) -> list[str]:
    """The servers of a list with commas, each once. Raises UsageError."""
    urls = list(dict.fromkeys(base_url(part) for part in text.split(",") if part.strip()))
    if not urls:
        raise UsageError("no server is named; expected URLs such as http://localhost:8000")
    return urls


def base_url(text: str) -> str:
    """A server's address as it is used here: without a last ``/`` and without ``/v1``.

    Raises UsageError, without repeating what may be a password.
    """
    parts = urlsplit(text.strip())
    try:
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        right = False
    if parts.username is not None or parts.password is not None:
        raise UsageError("a server's URL holds no key or password: set DOCSPEC_API_KEY instead")
    if not right or parts.query or parts.fragment:
        raise UsageError(f"{text.strip()!r} is no server's URL; expected one such as http://localhost:8000")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.netloc, timeout=seconds)


def _named(error: Exception) -> str:
    """An exception in words for a user."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "the connection broke off"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer broke off"
    return str(error) or type(error).__name__


def _sentence(content: bytes) -> str:
    """What a server says of an error: OpenAI's and vLLM's form, FastAPI's, or the bare text."""
    text = content.decode("utf-8", "replace").strip()
    try:
        known = json.loads(text)
    except ValueError:
        known = text
    for name in ("error", "message", "detail"):
        if isinstance(known, dict) and name in known:
            known = known[name]
    return " ".join(str(known).split())[:SENTENCE]
