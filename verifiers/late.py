"""Something that takes seconds to make, made in the background from when it is likely to be needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Late(Generic[Made]):
    """What ``make`` gives, made once. For use by several threads.

    The thread that makes it is no daemon: a process that ends while a library is imported would crash.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._made: list[Made] = []
        self._error: BaseException | None = None

    @property
    def made(self) -> Made | None:
        """What was made, or None where it is not ready."""
        return self._made[0] if self._made else None

    def expect(self) -> None:
        """Begin to make it, unless that has begun; returns at once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="docspec-loading")
                self._thread.start()

    def get(self) -> Made:
        """It, when it is ready. Raises what ``make`` raised."""
        if not self._made:
            self.expect()
            assert self._thread is not None
            self._thread.join()
            if self._error is not None:
                raise self._error
        return self._made[0]

    def _work(self) -> None:
        try:
            self._made.append(self._make())
        except BaseException as error:  # noqa: BLE001 whoever asks for it gets it
            self._error = error
