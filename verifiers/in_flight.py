"""Requests that are answered elsewhere: asked as there is room, answered in any order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Protocol, TypeVar

from docspec.types import Request

PATIENCE = 0.02  # seconds to wait for an answer before asking whether there are more requests

Asked = TypeVar("Asked")
Asking = TypeVar("Asking", contravariant=True)
Answer = TypeVar("Answer")


class Session(Protocol[Asking, Answer]):
    """What one call of ``verify`` has with who answers, who takes ``room`` questions at a time."""

    room: int

    def ask(self, number: int, question: Asking) -> None:
        """Take a question, without waiting for its answer."""
        ...

    def answers(self, patience: float) -> list[tuple[int, Answer]]:
        """The answers that are there, by the questions' numbers; waits ``patience`` seconds for a first."""
        ...

    def close(self) -> None:
        """Forget what has been asked."""
        ...


def in_flight(
    requests: Iterable[Request | None],
    session: Session[Asked, Answer],
    prepare: Callable[[Request], Asked],
) -> Generator[tuple[Asked, Answer]]:
    """What was asked with its answer, as they come; ``prepare`` makes a question of each request.

    ``requests`` are as ``Verifier.verify`` has them.
    """
    coming, more = iter(requests), True
    asked: dict[int, Asked] = {}
    number = 0
    with closing(session):
        while more or asked:
            while more and len(asked) < session.room:
                try:
                    request = next(coming)
                except StopIteration:
                    more = False
                    break
                if request is None:
                    break
                number += 1
                asked[number] = prepare(request)
                session.ask(number, asked[number])
            if not asked:
                continue
            for answered, answer in session.answers(PATIENCE):
                yield asked.pop(answered), answer
