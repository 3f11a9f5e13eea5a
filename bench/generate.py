"""transformers' own ``generate`` as a way to read pages: alone, with prompt lookup, or with the model's own
head for further tokens.

A page alone is read region by region. Of many pages at once, as many requests as the engine's batch has rows
go into a left-padded batch, in the pages' order; prompt lookup and heads take no batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessor, LogitsProcessorList

from docspec.bench.padding import left_padded
from docspec.bench.plain import PlainPages, PlainRun
from docspec.bench.replayed import Recording
from docspec.bench.ways import Outcome
from docspec.config import Config
from docspec.pipeline import Parts
from docspec.types import Category, DecodeStats, Finish, Mode, Request, Verdict
from docspec.verifiers.clock import now
from docspec.verifiers.transformers_vlm import TransformersModel

LOOKUP = {"prompt_lookup_num_tokens": 10}  # a draft's length, transformers' documented choice


class Watch(LogitsProcessor):
    """Takes the time of the first choice, and makes the choices ``recorded`` [B, T], where there are any.

    The first pass over the prompts has then been made: what follows is decoding.
    """

    def __init__(self, prompt: int, recorded: torch.Tensor | None) -> None:
        self.prompt, self.recorded = prompt, recorded
        self.first: float | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """``scores`` [B, V], with everything else ruled out where the choice is recorded."""
        if self.first is None:
            self.first = now(scores.device)
        if self.recorded is None:
            return scores
        done = min(input_ids.shape[1] - self.prompt, self.recorded.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(1, self.recorded[:, done : done + 1], 0.0)


class Generate:
    """``generate`` on the regions, or the pages, ``rows`` at once, with more arguments, its ``options``."""

    def __init__(
        self,
        mode: Mode,
        config: Config,
        parts: Parts,
        loaded: TransformersModel,
        *,
        name: str = "generate",
        options: Mapping[str, Any] = MappingProxyType({}),
        recording: Recording | None = None,
        saturated: bool = False,
    ) -> None:
        self.name, self.options = name, options
        self.mode, self.config, self.loaded, self.recording = mode, config, loaded, recording
        self.rows = config.max_batch if saturated else 1
        self.pages = PlainPages(mode, config, parts, saturated=saturated)
        self.passes = 0
        self._prefill = self._decode = 0.0

    def read(self, paths: Sequence[Path]) -> Outcome:
        """The charged stages, and the model's own split at the first choice of each batch."""
        self.passes, self._prefill, self._decode = 0, 0.0, 0.0
        run = PlainRun(self.pages, paths)
        verdicts: dict[Any, Verdict] = {}
        counter = self.loaded.model.register_forward_hook(self._count)
        try:
            for group in _groups(run.requests(), self.rows):
                verdicts |= zip((request.key for request in group), self._read(group), strict=True)
        finally:
            counter.remove()
        spent = {"vision": 0.0, "prefill": self._prefill, "decode": self._decode}
        return run.outcome(spent, self.passes, verdicts)

    def _count(self, *_: Any) -> None:
        self.passes += 1

    def _read(self, group: list[Request]) -> list[Verdict]:
        model, ends = self.loaded.model, self.loaded.end_tokens
        recorded = [self.recording.choices(request) for request in group] if self.recording else None
        started, before = now(model.device), self.passes
        inputs = batch_inputs(self.loaded, [(request.image, request.category) for request in group])
        prompt = inputs["input_ids"].shape[1]
        watch = Watch(prompt, None if recorded is None else _table(recorded, ends[0], model.device))
        limits = [len(row) for row in recorded or ()]
        with torch.inference_mode():
            output = model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=max(limits or [self.loaded.limit(one, self.config) for one in group]),
                logits_processor=LogitsProcessorList([watch]),
                **self.options,
            )
        ended = now(model.device)
        self._prefill += (watch.first or ended) - started
        self._decode += ended - (watch.first or ended)
        written = [_to_end(row, ends) for row in output[:, prompt:].tolist()]
        made = self.passes - before
        return [self._verdict(*pair, made) for pair in zip(group, written, strict=True)]

    def _verdict(self, request: Request, tokens: list[int], passes: int) -> Verdict:
        ends = self.loaded.end_tokens
        kept = [token for token in tokens if token not in ends]
        finish = Finish.END if tokens and tokens[-1] in ends else Finish.LENGTH
        stats = DecodeStats(len(tokens), steps=min(passes, len(tokens)))  # a row that has ended takes no part
        verdict = Verdict(self.loaded.codec.decode(kept), finish, stats)
        if request.category is not None:
            return self.loaded.verdict(request, verdict)
        return replace(verdict, regions=self.loaded.page.read_page(verdict.text, request.image))


def batch_inputs(
    loaded: TransformersModel, asked: Sequence[tuple[np.ndarray[Any, Any], Category | None]]
) -> dict[str, Any]:
    """``generate``'s arguments for images with their categories, on the model's device.

    Raises UsageError where several cannot go into one batch.
    """
    made = [loaded.profile.inputs(image, category) for image, category in asked]
    model = loaded.model
    pad = model.generation_config.pad_token_id
    inputs = made[0] if len(made) == 1 else left_padded(made, loaded.end_tokens[0] if pad is None else pad)
    return {name: value.to(model.device) if hasattr(value, "to") else value for name, value in inputs.items()}


def _groups(requests: Iterable[Request], rows: int) -> Iterator[list[Request]]:
    group: list[Request] = []
    for request in requests:
        group.append(request)
        if len(group) == rows:
            yield group
            group = []
    if group:
        yield group


def _table(rows: Sequence[list[int]], end: int, device: torch.device) -> torch.Tensor:
    """Token ids [B, T], rows that are over going on with ``end``."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[end] * (width - len(row))] for row in rows], device=device)


def _to_end(tokens: list[int], ends: Sequence[int]) -> list[int]:
    """A row of a batch up to its end token: what follows is padding."""
    return next((tokens[: i + 1] for i, token in enumerate(tokens) if token in ends), tokens)
