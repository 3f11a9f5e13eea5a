"""A process that is started for work of its own, and asked for it: lines of JSON both ways."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping

import psutil

from docspec.batches.messages import Message

LAST_WORDS = 300  # characters of what a process printed before it died


class Died(Exception):
    """The process is not there any more; why, in words."""


class Child:
    """``python -m module``, which reads requests from standard input and answers on standard output.

    It inherits the files ``kept`` open. It has to end when its standard input does, as it does when this
    process ends in whatever way.
    """

    def __init__(
        self, module: str, environment: Mapping[str, str] | None = None, kept: tuple[int, ...] = ()
    ) -> None:
        self._lock = threading.Lock()  # of what it has printed
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 closed when the process is ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=None if environment is None else dict(environment),
            pass_fds=kept,
            start_new_session=True,  # the user's Ctrl-C is for the process that leads
        )
        self._answers: queue.Queue[Message | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, request: Message) -> None:
        """Send a request. Raises Died."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # the latter where it has been ended here
            raise Died(self._death()) from None

    def answer(self, seconds: float) -> Message | None:
        """The next answer, None where there is none within so many seconds. Raises Died."""
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if answer is None:
            raise Died(self._death())
        return answer

    def resident(self) -> int:
        """Its resident bytes; 0 where it has ended."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    @property
    def has_ended(self) -> bool:
        """Whether it is of no more use."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End it and what it has started, whatever they are doing."""
        with self._lock:
            if self._printed.closed:
                return
            with contextlib.suppress(OSError):  # none of them is there any more
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._printed):
                if stream is not None:
                    try:
                        stream.close()
                    except OSError:
                        continue  # what was to be sent to it is of no use any more

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._answers.put(json.loads(line))
        except ValueError:
            pass  # closed, or a line cut off by its end
        self._answers.put(None)

    def _death(self) -> str:
        code = self._process.wait()
        with self._lock:
            printed = b""
            if not self._printed.closed:
                self._printed.seek(0)
                printed = self._printed.read()
        said = printed.decode("utf-8", errors="replace").strip().splitlines()
        how = f"code {code}" if code >= 0 else _signal_name(-code)
        last = f": {said[-1][:LAST_WORDS]}" if said else ""
        return f"its process died ({how}){last}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
