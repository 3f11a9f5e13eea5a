"""A worker process as the process that started it sees it: asked, watched, ended."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import psutil

from docspec.batches.messages import Message, error_of
from docspec.config import Config
from docspec.errors import ModelError

LOOK = 0.1  # seconds between looks at a worker's memory
LOADING = 1800.0  # seconds that a model may take to be there
LAST_WORDS = 300  # characters of what a worker printed before it died


class Lost(Exception):
    """The worker died or had to be ended; why, in words."""


class Gone(Lost):
    """The worker went with the machine that it was on: no document is at fault."""


class WorkerProcess:
    """One worker with its model. ``memory`` bounds its resident bytes, ``patience`` the seconds in which it
    must finish a page (or another step).

    Raises ModelError and UsageError for what concerns all documents alike, Lost where it dies while it loads.
    """

    def __init__(
        self,
        config: Config,
        formats: tuple[str, ...],
        *,
        memory: int,
        patience: float,
        stopping: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.memory, self.patience, self.stopping = memory, patience, stopping
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 closed when the process is ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "docspec.batches.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=None if environment is None else dict(environment),
            start_new_session=True,  # the user's Ctrl-C is for the process that leads
        )
        self._answers: queue.Queue[Message | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._ask({"do": "start", "config": asdict(config), "formats": list(formats)})
            answer = self._answer(LOADING)
            if "error" in answer:
                raise error_of(answer, ModelError)
            self.size = self._resident()  # bytes, once it is loaded
        except BaseException:
            self.end()
            raise

    def answers(self, request: Message) -> Iterator[Message]:
        """The answers to a request: pages as they are done, then the last one.

        Raises the DocspecError that the worker raised, and Lost where it died, took too long for a page, or
        had more memory than it may. It has ended then.
        """
        try:
            self._ask(request)
            while "page" in (answer := self._answer(self.patience)):
                yield answer
        except BaseException:
            self.end()
            raise
        if "error" in answer:
            raise error_of(answer)
        yield answer

    def has_grown(self, share: float) -> bool:
        """Whether it has more than that share of its memory, and more than twice what it had at first."""
        resident = self._resident()
        return resident > share * self.memory and resident > 2 * self.size

    @property
    def has_ended(self) -> bool:
        """Whether it is of no more use."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._printed):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # what was to be sent to it is of no use any more

    def _ask(self, request: Message) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise Lost(self._death()) from None

    def _answer(self, patience: float) -> Message:
        until = time.monotonic() + patience
        while True:
            try:
                answer = self._answers.get(timeout=LOOK)
            except queue.Empty:
                resident = self._resident()
                if resident > self.memory:
                    raise Lost(f"more than {self.memory / 1e6:.0f} MB of memory were needed") from None
                if time.monotonic() > until:
                    raise Lost(f"no page was finished within {patience:g} seconds") from None
                if self.stopping():
                    raise Lost("the run was ended") from None
                continue
            if answer is None:
                raise Lost(self._death())
            return answer

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._answers.put(json.loads(line))
        except ValueError:
            pass  # closed, or a line cut off by its end
        self._answers.put(None)

    def _resident(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def _death(self) -> str:
        code = self._process.wait()
        self._printed.seek(0)
        said = self._printed.read().decode("utf-8", errors="replace").strip().splitlines()
        how = f"code {code}" if code >= 0 else _signal_name(-code)
        last = f": {said[-1][:LAST_WORDS]}" if said else ""
        return f"its process died ({how}){last}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
