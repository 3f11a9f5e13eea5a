"""The process with the model that all workers ask, as the process that started it sees it."""

from __future__ import annotations

import itertools
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from docspec.batches.child import Child, Died
from docspec.batches.messages import error_of
from docspec.batches.process import LOADING, LOOK, Lost
from docspec.config import Config
from docspec.errors import DocspecError, ModelError

FRUITLESS = 10  # processes in a row that end before they have answered anything: it is not what they read


class ModelProcess:
    """One process with the model of ``config``, begun when it is first needed, and again where it ends.

    Each of several workers may have ``room`` requests with it; ``patience`` are seconds within which it has
    to answer something. ``lost`` is told of each end that was not asked for. Once ``error`` is there, it is
    not begun again. For use from several threads.
    """

    def __init__(
        self,
        config: Config,
        *,
        room: int,
        patience: float,
        environment: Mapping[str, str],
        lost: Callable[[str], None],
    ) -> None:
        self.config, self.room, self.patience = config, room, patience
        self.environment, self.lost = environment, lost
        self.error: DocspecError | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="docspec-")  # its user's alone
        self.address = str(Path(self._folder.name, "model"))
        # who connects waits at this socket from one process to the next
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.address)
        self._listening.listen()
        self._lock = threading.Lock()
        self._loaded, self._over = threading.Event(), False
        self._child: Child | None = None
        self._thread = threading.Thread(target=self._lead, daemon=True)

    def ready(self, stopping: Callable[[], bool]) -> None:
        """Wait until it can be asked. Raises Lost where that is wanted no more, and ``error``."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()
        while not self._loaded.wait(LOOK) and self.error is None:
            if stopping():
                raise Lost("the run was ended")
        if self.error is not None:
            raise self.error

    def end(self) -> None:
        """End it, whatever it is doing."""
        with self._lock:
            self._over = True
            if self._child is not None:
                self._child.end()
        if self._thread.ident is not None:
            self._thread.join()
        self._listening.close()
        self._folder.cleanup()

    def _lead(self) -> None:
        """Keep a process running, until there is ``error``."""
        try:
            self._keep_running()
        except OSError as error:
            self.error = ModelError(f"the model's process could not be started: {error}")
        except DocspecError as error:
            self.error = error
        self._listening.close()

    def _keep_running(self) -> None:
        """Until it is ended. Raises OSError and DocspecError where it does not run."""
        death, fruitless = "", 0
        for number in itertools.count():
            if (child := self._started()) is None:
                return
            fruitless += 1
            try:
                self._load(child, number, death)
                self._loaded.set()
                while True:
                    if child.answer(LOADING) is not None:
                        fruitless = 0
            except Died as died:
                if self._over:
                    return
                death = str(died)
                self.lost(f"of the model: {death}")
                if number == 0 and not self._loaded.is_set():
                    raise ModelError(f"the model's process could not be started: {death}") from None
                if fruitless >= FRUITLESS:
                    raise ModelError(f"the model's process ends again and again: {death}") from None
            finally:
                child.end()

    def _started(self) -> Child | None:
        """A new process, unless it is to be none any more."""
        with self._lock:
            if self._over:
                return None
            kept = (self._listening.fileno(),)
            self._child = Child("docspec.batches.verifying", self.environment, kept)
            return self._child

    def _load(self, child: Child, number: int, death: str) -> None:
        """Raises the DocspecError for which it cannot be loaded, and Died."""
        start = {
            "do": "start",
            "config": asdict(self.config),
            "listening": self._listening.fileno(),
            "room": self.room,
            "patience": self.patience,
            "number": number,
            "death": death,
        }
        until = time.monotonic() + LOADING
        child.ask(start)
        while (answer := child.answer(LOOK)) is None:
            if time.monotonic() > until:
                raise ModelError(f"the model was not there within {LOADING:g} seconds")
        if "error" in answer:
            raise error_of(answer, ModelError)
