"""A worker process as the process that started it sees it: asked, watched, ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

from docspec.batches.child import Child, Died
from docspec.batches.messages import Message, error_of
from docspec.config import Config
from docspec.errors import ModelError

LOOK = 0.1  # seconds between looks at a worker's memory
LOADING = 1800.0  # seconds that a model may take to be there


class Lost(Exception):
    """The worker died or had to be ended; why, in words."""


class Gone(Lost):
    """The worker went with the machine that it was on: no document is at fault."""


class WorkerProcess:
    """One worker with its model, or that asks the process at the address ``model``. ``memory`` bounds its
    resident bytes, ``patience`` the seconds in which it must finish a page (or another step), those aside in
    which it waits for the process with the model.

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
        model: str = "",
    ) -> None:
        self.memory, self.patience, self.stopping = memory, patience, stopping
        self._child = Child("docspec.batches.worker", environment)
        try:
            self._ask({"do": "start", "config": asdict(config), "formats": list(formats), "model": model})
            answer = self._answer(LOADING)
            if "error" in answer:
                raise error_of(answer, ModelError)
            self.size = self._child.resident()  # bytes, once it is loaded
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
        resident = self._child.resident()
        return resident > share * self.memory and resident > 2 * self.size

    @property
    def has_ended(self) -> bool:
        """Whether it is of no more use."""
        return self._child.has_ended

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._child.end()

    def _ask(self, request: Message) -> None:
        try:
            self._child.ask(request)
        except Died as death:
            raise Lost(str(death)) from None

    def _answer(self, patience: float) -> Message:
        until = time.monotonic() + patience
        while not self.stopping():
            try:
                answer = self._child.answer(LOOK)
            except Died as death:
                raise Lost(str(death)) from None
            if answer is not None and "waiting" not in answer:
                return answer
            if answer is not None:
                until = time.monotonic() + patience
            if self._child.resident() > self.memory:
                raise Lost(f"more than {self.memory / 1e6:.0f} MB of memory were needed")
            if time.monotonic() > until:
                raise Lost(f"no page was finished within {patience:g} seconds")
        raise Lost("the run was ended")  # asked before each answer: pages may come faster than one looks
