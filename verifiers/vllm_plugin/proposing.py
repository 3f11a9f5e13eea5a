"""What is proposed in a step of vLLM: who gets a window, how long one may be, and when it is asked for.

Pure: requests and steps come in as the few attributes that are used of them.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from docspec.verifiers.vllm_plugin.followers import Asked, Begun, Following, Turn
from docspec.verifiers.vllm_plugin.given import BadDrafts, given
from docspec.verifiers.window import StepCost

logger = logging.getLogger(__name__)

CHARACTERS = 16  # of a draft that are read for each token that the output may still have
TIMED = 4096  # steps whose time is remembered


class SamplingParams(Protocol):
    """What is used of vLLM's class of this name."""

    @property
    def extra_args(self) -> Mapping[str, Any] | None: ...
    @property
    def eos_token_id(self) -> int | None: ...
    @property
    def all_stop_token_ids(self) -> set[int]: ...


class Request(Protocol):
    """What is used of vLLM's class of this name (vllm.v1.request)."""

    spec_token_ids: list[int]

    @property
    def request_id(self) -> str: ...
    @property
    def num_computed_tokens(self) -> int: ...
    @property
    def is_prefill_chunk(self) -> bool: ...
    @property
    def max_tokens(self) -> int: ...
    @property
    def sampling_params(self) -> SamplingParams | None: ...
    @property
    def output_token_ids(self) -> Sequence[int]: ...
    @property
    def num_tokens(self) -> int: ...


class Step(Protocol):
    """What is used of vLLM's SchedulerOutput: tokens by request, and how many of them are drafts."""

    @property
    def scheduled_spec_decode_tokens(self) -> Mapping[str, Sequence[int]]: ...
    @property
    def num_scheduled_tokens(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What the engine can take: draft tokens of one request's window, ids of its vocabulary, tokens of a
    request with its prompt, and tokens of a step."""

    window: int
    vocabulary: int
    model_length: int
    step_tokens: int


@dataclass(slots=True)
class Row:
    """A running request, and what those who follow its draft know of it."""

    request: Request
    known: int = 0  # output tokens that they were told
    sent: int = 0  # draft tokens of its last step
    asked: bool = False  # it has a turn that is not collected


class Proposing:
    """Windows for the requests of one scheduler; state is kept for those that are running and no others.

    A preempted request that runs again is followed anew, from what it has written so far. ``width`` is how
    many tokens double a step's time, until measured by ``clock``, in seconds.

    Turns are asked for as soon as a step's tokens are there (``received``) and collected when the next one is
    scheduled (``propose``): what vLLM does between goes on beside.
    """

    def __init__(
        self,
        limits: Limits,
        following: Following,
        width: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.limits = limits
        self.rows: dict[str, Row] = {}
        self.times: deque[float] = deque(maxlen=TIMED)  # seconds a request, of the steps with turns
        self._following = following
        self.cost = StepCost(width)
        self._clock = clock
        self._spent = 0.0  # seconds on the step that comes
        self._end: int | None = None  # what ended the last output that ended by a token
        self._gone: list[str] = []  # forgotten here, and to be told
        self._step: tuple[int, float] | None = None  # tokens of a step that only decodes, and its start

    def propose(self, running: Sequence[Request]) -> None:
        """Give each request that has only its last token to compute the draft tokens to verify with it."""
        started = self._clock()
        self._forget(running)
        decoding = [request for request in running if _decodes(request)]
        begun, turns = [], []
        for request in decoding:
            key, known = request.request_id, len(request.output_token_ids)
            row = self.rows.get(key)
            if row is None or row.known > known:  # vLLM took less than it received
                self._gone += [] if row is None else [key]
                row = self.rows[key] = Row(request)
                begun += self._begun(request)
            if not row.asked or row.known < known:
                turns.append(self._turn(row, request.output_token_ids[row.known :], len(running)))
        self._ask(begun, turns, len(running))
        windows = self._following.collect()
        for row in self.rows.values():
            row.asked = False
        for request in decoding:
            request.spec_token_ids = windows.get(request.request_id, [])
        if decoding:
            self._spent += self._clock() - started
            self.times.append(self._spent / len(decoding))
        self._spent = 0.0

    def scheduled(self, step: Step) -> None:
        """Note what vLLM has made of the windows: it may have cut or dropped them."""
        sent = step.scheduled_spec_decode_tokens
        for key, row in self.rows.items():
            row.sent = len(sent.get(key, ()))
        tokens = sum(step.num_scheduled_tokens.values())
        drafted = sum(map(len, sent.values()))
        plain = tokens > 0 and tokens - drafted == len(step.num_scheduled_tokens)  # nothing of a prompt
        self._step = (tokens, self._clock()) if plain else None

    def received(self, emitted: Mapping[str, Sequence[int]]) -> None:
        """Ask for the next turns of those that were followed in the step that wrote these tokens."""
        started = self._clock()
        turns = [
            self._turn(row, tokens, len(emitted))
            for key, tokens in emitted.items()
            if tokens and (row := self.rows.get(key)) and _goes_on(row, tokens)
        ]
        self._ask([], turns, len(emitted))
        self._spent = self._clock() - started

    def executed(self, running: Sequence[Request]) -> None:
        """Note that the step that was scheduled last has its results, and these are still running."""
        if self._step is not None:
            tokens, started = self._step
            self.cost.record(tokens, self._clock() - started)
            self._step = None
        self._forget(running)

    def close(self) -> None:
        """Give back what those who follow the drafts hold."""
        self._following.close()

    def _forget(self, running: Sequence[Request]) -> None:
        for key in self.rows.keys() - {request.request_id for request in running}:
            request = self.rows.pop(key).request
            self._gone.append(key)
            self._end = next(iter(_stops(request) & {*request.output_token_ids[-1:]}), self._end)

    def _ask(self, begun: list[Begun], turns: list[Turn], rows: int) -> None:
        if begun or turns or self._gone:
            self._following.ask(Asked(self._gone, begun, turns, *self.cost.line(), rows))
            self._gone = []

    def _begun(self, request: Request) -> list[Begun]:
        """The request as it is to be followed; nothing where its drafts are bad."""
        params = request.sampling_params
        try:
            drafts = given(params.extra_args if params else None)
        except BadDrafts as error:  # over HTTP they were refused before; see middleware
            logger.warning("docspec: request %s goes on without drafts: %s", request.request_id, error)
            return []
        longest = min(request.max_tokens, self.limits.model_length)
        texts = tuple(text[: CHARACTERS * longest] for text in drafts.texts)
        return [Begun(request.request_id, texts, drafts.ids[:longest], self._end_token(request))]

    def _end_token(self, request: Request) -> int | None:
        """What a right draft is followed by: several tokens can end an output, models use one of them."""
        if self._end in _stops(request):
            return self._end
        return request.sampling_params.eos_token_id if request.sampling_params else None

    def _turn(self, row: Row, emitted: Sequence[int], rows: int) -> Turn:
        """The turn of a request that has written ``emitted`` since its last one."""
        request, limits = row.request, self.limits
        row.known, row.asked = row.known + len(emitted), True
        pending = row.known - len(request.output_token_ids)  # vLLM has still to append them
        room = min(
            request.max_tokens - row.known - 1,
            limits.model_length - request.num_tokens - pending - 1,
            limits.step_tokens // (2 * rows) - 1,  # half of a step is left to prompts
            limits.window,
        )
        return Turn(request.request_id, list(emitted), row.sent, room)


def _decodes(request: Request) -> bool:
    """Whether all but the request's last token is computed, and none of it is on its way."""
    decodes = request.num_computed_tokens + 1 == request.num_tokens and not request.is_prefill_chunk
    return decodes and len(request.output_token_ids) > 0


def _goes_on(row: Row, tokens: Sequence[int]) -> bool:
    """Whether the request was followed so far and does not end with these tokens."""
    request = row.request
    ends = row.known + len(tokens) >= request.max_tokens or tokens[-1] in _stops(request)
    return row.known == len(request.output_token_ids) and not ends


def _stops(request: Request) -> set[int]:
    return request.sampling_params.all_stop_token_ids if request.sampling_params else set()
