"""transformers' own ``generate`` as a way to read a page, without and with prompt lookup."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from docspec.bench.replayed import Recording
from docspec.bench.ways import Outcome, PlainPages
from docspec.config import Config
from docspec.pipeline import Parts
from docspec.types import DecodeStats, Finish, Mode, Request, Verdict
from docspec.verifiers.transformers_vlm import TransformersReader

LOOKUP_TOKENS = 10  # a draft's length, transformers' documented choice


class Watch(LogitsProcessor):
    """Takes the time of the first choice, and makes the choices ``recorded``, where there are any.

    The first pass over the prompt has then been made: what follows is decoding.
    """

    def __init__(self, prompt: int, recorded: list[int] | None) -> None:
        self.prompt, self.recorded = prompt, recorded
        self.first: float | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """``scores`` [1, V], with everything else ruled out where the choice is recorded."""
        if self.first is None:
            _synchronise(scores.device)
            self.first = time.perf_counter()
        if self.recorded is None:
            return scores
        done = min(input_ids.shape[1] - self.prompt, len(self.recorded) - 1)
        chosen = torch.full_like(scores, -torch.inf)
        chosen[:, self.recorded[done]] = 0.0
        return chosen


class Generate:
    """``generate`` on every region, or the page, one after the other; ``lookup`` with prompt lookup."""

    def __init__(
        self,
        mode: Mode,
        config: Config,
        parts: Parts,
        reader: TransformersReader,
        *,
        lookup: bool,
        recording: Recording | None = None,
    ) -> None:
        self.name = "lookup" if lookup else "generate"
        self.mode, self.config, self.reader, self.recording = mode, config, reader, recording
        self.pages = PlainPages(mode, config, parts)
        self.options = {"prompt_lookup_num_tokens": LOOKUP_TOKENS} if lookup else {}
        self.passes = 0
        self._prefill = self._decode = 0.0

    def read(self, path: Path) -> Outcome:
        """The charged stages, and the model's own split at the first choice of each output."""
        page = self.pages.make(path)
        self.passes, self._prefill, self._decode = 0, 0.0, 0.0
        counter = self.reader.model.register_forward_hook(self._count)
        try:
            verdicts = {request.key: self._one(request) for request in page.requests}
        finally:
            counter.remove()
        spent = {"vision": 0.0, "prefill": self._prefill, "decode": self._decode}
        return page.outcome(spent, self.passes, verdicts)

    def _count(self, *_: Any) -> None:
        self.passes += 1

    def _one(self, request: Request) -> Verdict:
        started, before = time.perf_counter(), self.passes
        model = self.reader.model
        inputs = self.reader.profile.inputs(request.image, request.category)
        inputs = {
            name: value.to(model.device) if hasattr(value, "to") else value for name, value in inputs.items()
        }
        prompt = inputs["input_ids"].shape[1]
        recorded = self.recording[request.key] if self.recording is not None else None
        limit = len(recorded) if recorded else self.reader.limit(request, self.config)
        watch = Watch(prompt, recorded)
        with torch.inference_mode():
            output = model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=limit,
                logits_processor=LogitsProcessorList([watch]),
                **self.options,
            )
        _synchronise(model.device)
        ended = time.perf_counter()
        self._prefill += (watch.first or ended) - started
        self._decode += ended - (watch.first or ended)
        return self._verdict(request, output[0, prompt:].tolist(), self.passes - before)

    def _verdict(self, request: Request, tokens: list[int], passes: int) -> Verdict:
        ends = self.reader.end_tokens
        kept = [token for token in tokens if token not in ends]
        finish = Finish.END if tokens and tokens[-1] in ends else Finish.LENGTH
        verdict = Verdict(self.reader.codec.decode(kept), finish, DecodeStats(len(tokens), steps=passes))
        if request.category is None:
            return verdict
        return self.reader.verdict(request, verdict)


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
