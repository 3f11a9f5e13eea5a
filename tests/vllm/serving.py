"""vLLM's real server as a process of its own, for tests over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from docspec.verifiers.vllm_plugin.arguments import server_options

START = 240.0  # seconds; a cold one takes one
SIZES = ("--max-model-len", "2048", "--max-num-seqs", "8", "--kv-cache-memory-bytes", str(256 << 20))
SETTINGS = ("--dtype", "float32", "--enforce-eager", "--limit-mm-per-prompt", '{"image":1,"video":0}')


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it at once, as a machine that goes does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(model: Path, log: Path, *, drafted: bool = True, options: Sequence[str] = ()) -> Iterator[Served]:
    """A server of ``model`` as long as the block lasts, with docspec's drafts in it or as vLLM comes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = server_options() if drafted else []
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    command += ["--host", "127.0.0.1", "--port", str(port), *SIZES, *SETTINGS, *ours, *options]
    settings = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1"}
    # the engine stays in the server's process: killing that one kills all
    settings |= {"VLLM_LOGGING_LEVEL": "WARNING", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, env=os.environ | settings, stdout=written, stderr=written, start_new_session=True
        )
    served = Served(f"http://127.0.0.1:{port}", process)
    try:
        _wait(served, log)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(served: Served, log: Path) -> None:
    ends = time.monotonic() + START
    while time.monotonic() < ends:
        assert served.process.poll() is None, log.read_text("utf-8", "replace")[-3000:]
        try:
            with urlopen(f"{served.url}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"no health after {START} s: {log.read_text('utf-8', 'replace')[-3000:]}")
