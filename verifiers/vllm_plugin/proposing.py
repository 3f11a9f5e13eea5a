"""What is proposed in a step of vLLM: a window for each running request, by its drafts and by what it pays.

Pure: requests, steps and the tokenizer come in as the few attributes that are used of them.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any, Protocol

from docspec.drafters.following.cursor import Codec, DraftCursor
from docspec.verifiers.vllm_plugin.given import BadDrafts, given
from docspec.verifiers.vllm_plugin.id_cursor import IdCursor
from docspec.verifiers.window import AcceptanceRate, StepCost, window_length

logger = logging.getLogger(__name__)

CHARACTERS = 16  # of a draft that are read for each token that the output may still have
ECHO_MISSES = 1.0  # what a request without a draft starts from: it seldom writes the same again
TIMED = 4096  # windows whose time is remembered


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

    request_id: str
    spec_token_ids: list[int]
    num_computed_tokens: int
    is_prefill_chunk: bool
    max_tokens: int

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
    """A running request: its cursor, how often its draft was right, and what it was last seen with."""

    request: Request
    cursor: DraftCursor | IdCursor | None = None
    rate: AcceptanceRate = field(default_factory=AcceptanceRate)
    known: int = 0  # output tokens that the cursor has taken
    sent: int = 0  # draft tokens of its last step


class Proposing:
    """Windows for the requests of one scheduler; state is kept for those that are running and no others.

    A preempted request that runs again starts a new cursor, which reads what it has written so far. ``codec``
    makes the tokenizer's Codec when it is first needed, None where the tokenizer has no text offsets: then
    only drafts of ids are followed. ``width`` is how many tokens double a step's time, until measured by
    ``clock``, in seconds.
    """

    def __init__(
        self,
        limits: Limits,
        codec: Callable[[], Codec | None],
        width: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.limits = limits
        self.rows: dict[str, Row] = {}
        self.times: deque[float] = deque(maxlen=TIMED)  # seconds, by window
        self._cost = StepCost(width)
        self._make_codec = codec
        self._clock = clock
        self._end: int | None = None  # what ended the last output that ended by a token
        self._step: tuple[int, float] | None = None  # tokens of a step that only decodes, and its start

    @cached_property
    def _codec(self) -> Codec | None:
        return self._make_codec()

    def propose(self, running: Sequence[Request]) -> None:
        """Give each request that has only its last token to compute the draft tokens to verify with it."""
        self._forget(running)
        for request in running:
            if _decodes(request):
                started = self._clock()
                request.spec_token_ids = self._window(request, len(running))
                self.times.append(self._clock() - started)

    def scheduled(self, step: Step) -> None:
        """Note what vLLM has made of the windows: it may have cut or dropped them."""
        sent = step.scheduled_spec_decode_tokens
        for key, row in self.rows.items():
            row.sent = len(sent.get(key, ()))
        tokens = sum(step.num_scheduled_tokens.values())
        drafted = sum(map(len, sent.values()))
        plain = tokens > 0 and tokens - drafted == len(step.num_scheduled_tokens)  # nothing of a prompt
        self._step = (tokens, self._clock()) if plain else None

    def executed(self, running: Sequence[Request]) -> None:
        """Note that the step that was scheduled last has its results, and these are still running."""
        if self._step is not None:
            tokens, started = self._step
            self._cost.record(tokens, self._clock() - started)
            self._step = None
        self._forget(running)

    def _forget(self, running: Sequence[Request]) -> None:
        for key in self.rows.keys() - {request.request_id for request in running}:
            request = self.rows.pop(key).request
            self._end = next(iter(_stops(request) & {*request.output_token_ids[-1:]}), self._end)

    def _window(self, request: Request, rows: int) -> list[int]:
        begun = request.request_id in self.rows
        row = self.rows.setdefault(request.request_id, Row(request))
        try:
            if not begun:
                self._begin(row)
            if row.cursor is None:
                return []
            self._learn(row, row.cursor, request.output_token_ids[row.known :])
            return self._proposed(row, row.cursor, rows)
        except BadDrafts as error:  # over HTTP they were refused before; see middleware
            logger.warning("docspec: request %s goes on without drafts: %s", request.request_id, error)
        except Exception:  # a fault of ours in the engine's process would take every request with it
            logger.exception("docspec: request %s goes on without drafts", request.request_id)
        row.cursor = None
        return []

    def _begin(self, row: Row) -> None:
        """Start the request's cursor.

        Raises BadDrafts as ``given`` does.
        """
        request, params = row.request, row.request.sampling_params
        drafts = given(params.extra_args if params else None)
        end, longest = self._end_token(request), min(request.max_tokens, self.limits.model_length)
        texts = [text[: CHARACTERS * longest] for text in drafts.texts]
        if drafts.ids:
            row.cursor = IdCursor(drafts.ids[:longest], end)
        elif self._codec is not None:
            row.cursor = DraftCursor(texts, self._codec, end)
        if not drafts.ids and not any(text.strip() for text in texts):
            row.rate = AcceptanceRate(misses=ECHO_MISSES)

    def _end_token(self, request: Request) -> int | None:
        """What a right draft is followed by: several tokens can end an output, models use one of them."""
        if self._end in _stops(request):
            return self._end
        return request.sampling_params.eos_token_id if request.sampling_params else None

    def _learn(self, row: Row, cursor: DraftCursor | IdCursor, emitted: Sequence[int]) -> None:
        """Move along what was emitted; a step without a window tests the draft's next token for nothing."""
        if not emitted:
            return
        if row.sent:
            row.rate.update(len(emitted) - 1, rejected=len(emitted) <= row.sent)
        elif coming := cursor.propose(1).tokens:
            row.rate.update(int(coming[0] == emitted[0]), rejected=coming[0] != emitted[0])
        cursor.advance(list(emitted))
        row.known += len(emitted)

    def _proposed(self, row: Row, cursor: DraftCursor | IdCursor, rows: int) -> list[int]:
        request, limits = row.request, self.limits
        room = min(
            request.max_tokens - len(request.output_token_ids) - 1,
            limits.model_length - request.num_tokens - 1,
            limits.step_tokens // (2 * rows) - 1,  # half of a step is left to prompts
            limits.window,
            window_length(row.rate.value, *self._cost.line(), rows),
        )
        tokens = cursor.propose(room).tokens if room > 0 else []
        return list(takewhile(lambda token: token < limits.vocabulary, tokens))  # others have no embedding


def _decodes(request: Request) -> bool:
    """Whether all but the request's last token is computed, and none of it is on its way."""
    decodes = request.num_computed_tokens + 1 == request.num_tokens and not request.is_prefill_chunk
    return decodes and len(request.output_token_ids) > 0


def _stops(request: Request) -> set[int]:
    return request.sampling_params.all_stop_token_ids if request.sampling_params else set()
