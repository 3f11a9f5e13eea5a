"""A small real server of chat completions: it answers what a test gives it, and fails as a test wants."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import numpy as np
from PIL import Image

Fault = int | Literal["reset", "half", "html"] | float | None  # a status, a way to break, seconds to wait
Reply = dict[str, Any]


class Refusal(Exception):
    """Raised by an ``answer``: status 400 with this message."""


@dataclass
class ChatServer:
    """``answer`` makes the reply to a body; ``fault`` says what goes wrong with the n-th one, from 0.

    ``models`` is what it says of its models, at every path but those of ``pages``, which have a reply or a
    status. ``bodies``, ``keys`` and ``most`` (in flight at once) are what
    it saw.
    """

    answer: Callable[[Reply], Reply]
    models: list[Reply]
    fault: Callable[[int], Fault] = lambda number: None
    pages: dict[str, Any] = field(default_factory=dict)
    bodies: list[Reply] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    most: int = 0
    url: str = ""
    in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: Callable[[], None] = lambda: None


@contextmanager
def running(server: ChatServer, port: int = 0) -> Iterator[ChatServer]:
    """``server`` at its ``url`` as long as the block lasts, or until its ``stop`` is called."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            server.keys.append(self.headers.get("Authorization"))
            page = server.pages.get(self.path, {"object": "list", "data": server.models})
            if isinstance(page, int):
                self.write(page, json.dumps({"error": {"message": "not so"}}).encode())
            else:
                self.write(200, json.dumps(page).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                number = len(server.bodies)
                server.bodies.append(body)
                server.keys.append(self.headers.get("Authorization"))
                server.in_flight += 1
                server.most = max(server.most, server.in_flight)
            try:
                self.reply(body, server.fault(number))
            finally:
                with server.lock:
                    server.in_flight -= 1

        def reply(self, body: Reply, fault: Fault) -> None:
            if isinstance(fault, float):
                time.sleep(fault)
            elif isinstance(fault, int):
                said = {"error": {"message": f"fault {fault} for {self.headers.get('Authorization')}"}}
                self.write(fault, json.dumps(said).encode())
                return
            elif fault == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                return
            elif fault == "html":
                self.write(200, b"<html>a proxy</html>")
                return
            try:
                content = json.dumps(server.answer(body)).encode()
            except Refusal as refusal:
                self.write(400, json.dumps({"error": {"message": str(refusal)}}).encode())
                return
            self.write(200, content, sent=len(content) // 2 if fault == "half" else None)

        def write(self, status: int, content: bytes, sent: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:sent])

        def finish(self) -> None:
            if self.connection.fileno() >= 0:
                super().finish()

    class Listening(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that has gone

    listening = Listening(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    ended = threading.Event()

    def stop() -> None:
        if not ended.is_set():
            ended.set()
            listening.shutdown()
            listening.server_close()
            thread.join()

    server.url, server.stop = f"http://127.0.0.1:{listening.server_port}", stop
    thread.start()
    try:
        yield server
    finally:
        stop()


def parts(body: Reply) -> tuple[str, str]:
    """What a body asks: a digest of the image's pixels, and the instruction."""
    [message] = body["messages"]
    image, prompt = "", ""
    for part in message["content"]:
        if part["type"] == "image_url":
            png = base64.b64decode(part["image_url"]["url"].removeprefix("data:image/png;base64,"))
            image = digest(np.asarray(Image.open(io.BytesIO(png))))
        else:
            prompt = part["text"]
    return image, prompt


def digest(pixels: Any) -> str:
    """The same for the same pixels."""
    return hashlib.sha256(f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def completion(text: str, ids: list[int] | None = None, *, ended: bool = True, **more: Any) -> Reply:
    """A reply as vLLM writes it."""
    choice: Reply = {"index": 0, "message": {"role": "assistant", "content": text}}
    choice |= {"finish_reason": "stop" if ended else "length", "token_ids": ids}
    count = len(ids) if ids is not None else len(text.split())
    return {"choices": [choice], "usage": {"completion_tokens": count, "prompt_tokens": 9}, **more}


def speculated(accepted: int, drafted: int, steps: int = 1) -> Reply:
    """vLLM's counts of drafts, as they stand in a reply."""
    counts = {"num_accepted_draft_tokens": accepted, "num_draft_tokens": drafted, "num_spec_steps": steps}
    return {"metrics": {"speculative_decoding": counts}}
