"""vLLM servers of the tests, as processes of their own, and what is asked of them."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines import Drafts, pictures

STARTED_IN, ANSWERED_IN = 240.0, 120.0  # seconds
OPTIONS = ["--dtype", "float32", "--enforce-eager", "--max-model-len", "512", "--max-num-seqs", "8"]
OPTIONS += ["--kv-cache-memory-bytes", str(64 << 20), "--served-model-name", "m", "--seed", "0"]


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    def post(self, body: dict[str, Any], path: str = "/v1/chat/completions") -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=ANSWERED_IN) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=ANSWERED_IN) as answer:
            return str(answer.read().decode())

    def answers(self, drafts: Sequence[Drafts], **more: Any) -> list[dict[str, Any]]:
        """Answers to as many images as there are ``drafts``, asked at once."""
        bodies = [
            chat(row, **({"vllm_xargs": given} if given else {}), **more) for row, given in enumerate(drafts)
        ]
        with ThreadPoolExecutor(len(bodies)) as pool:
            found = list(pool.map(self.post, bodies))
        assert all(status == 200 for status, _ in found), found[0]
        return [answer for _, answer in found]

    def ids(self, drafts: Sequence[Drafts], **more: Any) -> list[list[int]]:
        """Their token ids."""
        return [answer["choices"][0]["token_ids"] for answer in self.answers(drafts, **more)]


def chat(row: int, **more: Any) -> dict[str, Any]:
    """The body of a chat request about one of the test's images."""
    buffer = io.BytesIO()
    pictures(row + 1)[row].save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Read the text."}]
    settings = {"model": "m", "temperature": 0, "max_tokens": 100, "return_token_ids": True}
    return settings | {"messages": [{"role": "user", "content": content}]} | more


@contextmanager
def server(command: Sequence[str]) -> Iterator[Server]:
    """The server that ``command`` starts, with a free port, once it says that it is well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("VLLM_ENABLE_V1_MULTIPROCESSING", None)
    where = ["--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, *where], env=environment, start_new_session=True)
    made = Server(f"http://127.0.0.1:{port}", process)
    try:
        end = time.monotonic() + STARTED_IN
        while True:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not start"
            try:
                made.get("/health")
                break
            except OSError:
                time.sleep(0.5)
        yield made
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def plain_command(folder: Path) -> list[str]:
    """vLLM's server alone."""
    module = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    return [*module, "--limit-mm-per-prompt", '{"image": 1, "video": 0}', *OPTIONS]


def docspec_command(folder: Path, *more: str) -> list[str]:
    """The same with docspec's drafts."""
    return [
        sys.executable,
        "-m",
        "docspec.cli",
        "serve",
        str(folder),
        "--draft-tokens",
        "48",
        *OPTIONS,
        *more,
    ]
