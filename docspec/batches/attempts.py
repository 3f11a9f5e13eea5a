"""How a leader asks for what it needs: again where a worker is lost, and counted in the report."""

from __future__ import annotations

import threading
from collections.abc import Callable

from docspec.batches.messages import Message
from docspec.batches.process import Gone, Lost
from docspec.batches.report import BatchReport
from docspec.batches.site import Place
from docspec.errors import InputError


class Attempts:
    """Asks ``place``. ``error`` gives what has stopped the run, None while it goes on; ``report``, under
    ``lock``, counts workers that were lost."""

    def __init__(
        self,
        place: Place,
        report: BatchReport,
        lock: threading.Lock,
        error: Callable[[], BaseException | None],
    ) -> None:
        self.place, self.report, self.lock, self.error = place, report, lock, error

    def ask(self, request: Message) -> Message:
        """As ``call``, once more where the worker is lost; InputError where it is lost again.

        Raises Gone where it went with its machine.
        """
        try:
            return self.call(request)
        except Gone:
            raise
        except Lost:
            try:
                return self.call(request)
            except Gone:
                raise
            except Lost as loss:
                raise InputError(str(loss)) from loss

    def call(self, request: Message, tell: Callable[[Message], None] = lambda answer: None) -> Message:
        """The last answer; ``tell`` is called with each page before it.

        Raises Lost, Unusable, the DocspecError that the worker raised, and what has stopped the run.
        """
        try:
            for answer in self.place.answers(request):
                if "page" in answer:
                    tell(answer)
        except Lost as loss:
            if (error := self.error()) is not None:
                raise error from None
            with self.lock:
                self.report.lost[str(loss)] += 1
            raise
        with self.lock:
            self.report.recycled += bool(answer.get("replaced"))
        return answer
