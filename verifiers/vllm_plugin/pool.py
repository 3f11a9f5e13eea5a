"""Drafts followed in processes of their own, each for a share of the requests.

A step of many requests would else wait for as many cursors, one after the other, while the GPU waits too. A
process is a fresh interpreter without vLLM or torch; it ends when the engine's end of its connection does.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from tokenizers import Tokenizer

from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin.followers import Asked, Begun, Followers, Turn

logger = logging.getLogger(__name__)

VARIABLE = "DOCSPEC_DRAFT_PROCESSES"
SHARE, MOST = 4, 8  # one process for so many of the machine's cores that this one may use, and how many
START = 60.0  # seconds that a process may take to have read the tokenizer
PATIENCE = 2.0  # seconds for an answer, which takes milliseconds: after that the process is given up


def processes(on_cpu: bool) -> int:
    """How many to start, by the environment's ``DOCSPEC_DRAFT_PROCESSES`` or the cores at hand.

    0 is to follow in the engine's own: with a model ``on_cpu``, whose cores they would take, and where there
    would be one alone. Raises RuntimeError for a number that is none.
    """
    said = os.environ.get(VARIABLE)
    if said:
        if not said.isdecimal():
            raise RuntimeError(f"{VARIABLE} has to be a number of processes, not {said!r}")
        return int(said)
    count = 0 if on_cpu else min(MOST, len(os.sched_getaffinity(0)) // SHARE)
    return count if count > 1 else 0


class Pool:
    """A ``Following`` over ``count`` processes; ``tokenizer`` is its JSON, None where only ids are followed.

    A process that fails, or answers too late, is left out with its requests' drafts; the requests go on.
    """

    def __init__(self, count: int, tokenizer: str | None, vocabulary: int) -> None:
        self._members = [_Member() for _ in range(count)]
        self._homes: dict[str, _Member] = {}
        for member in self._members:
            member.tell((tokenizer, vocabulary))
        limit = time.monotonic() + START
        for member in self._members:
            member.hear(limit - time.monotonic())

    def ask(self, asked: Asked) -> None:
        """Pass on to each process what concerns its requests."""
        shares: dict[_Member, tuple[list[str], list[Begun], list[Turn]]] = defaultdict(lambda: ([], [], []))
        for key in asked.forgotten:
            if member := self._homes.pop(key, None):
                shares[member][0].append(key)
        for one in asked.begun:
            if member := self._emptiest():
                self._homes[one.key] = member
                shares[member][1].append(one)
        for turn in asked.turns:
            if member := self._homes.get(turn.key):
                shares[member][2].append(turn)
        for member, share in shares.items():
            member.tell((*share, *asked[3:]))

    def _emptiest(self) -> _Member | None:
        """The process with the fewest requests."""
        counts = Counter(self._homes.values())
        alive = [member for member in self._members if member.alive]
        return min(alive, key=lambda member: counts[member], default=None)

    def collect(self) -> dict[str, list[int]]:
        """The windows of all that was asked."""
        found: dict[str, list[int]] = {}
        limit = time.monotonic() + PATIENCE
        for member in self._members:
            while member.open:
                found |= member.hear(limit - time.monotonic()) or {}
        return found

    @property
    def pids(self) -> list[int]:
        """The processes that are there."""
        return [member.pid for member in self._members if member.alive]

    def close(self) -> None:
        """End the processes."""
        for member in self._members:
            member.end()


class _Member:
    """One process, and how many of its answers are ``open``."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # an interrupt at the terminal is the engine's
        )
        theirs.close()
        self.open, self.alive, self.pid = 0, True, self._process.pid

    def tell(self, message: tuple[Any, ...]) -> None:
        """Send it, if the process is there."""
        if not self.alive:
            return
        try:
            self._connection.send(message)
            self.open += 1
        except OSError as error:
            self._give_up(repr(error))

    def hear(self, seconds: float) -> dict[str, list[int]] | None:
        """Its next answer, None where there will be none."""
        if not self.open:
            return None
        try:
            if self._connection.poll(max(0.0, seconds)):
                self.open -= 1
                answer: dict[str, list[int]] = self._connection.recv()
                return answer
            self._give_up("no answer")
        except (OSError, EOFError) as error:
            self._give_up(repr(error))
        return None

    def end(self) -> None:
        """Have the process end, and wait for it."""
        self.alive, self.open = False, 0
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()
        self._process.wait()

    def _give_up(self, reason: str) -> None:
        logger.error(
            "docspec: a process that follows drafts is lost (%s); its requests go on without", reason
        )
        self.end()


def main(arguments: Sequence[str]) -> None:
    """Answer until the other end is closed; the first message is the tokenizer's JSON and the vocabulary."""
    connection: Connection[Any, Any] = Connection(int(arguments[0]))
    with suppress(EOFError, ConnectionError):
        tokenizer, vocabulary = connection.recv()
        codec = TokenizerCodec(Tokenizer.from_str(tokenizer), special=True) if tokenizer else None
        followers = Followers(codec, vocabulary)
        connection.send({})
        while True:
            connection.send(followers.windows(Asked(*connection.recv())))


if __name__ == "__main__":
    main(sys.argv[1:])
