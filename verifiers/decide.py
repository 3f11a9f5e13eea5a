"""From logits to emitted tokens: exact, fused and replayed decisions over a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

import torch

from docspec.verifiers.acceptance import accept_exact, accept_fused
from docspec.verifiers.sequence import Sequence

Windows = list[list[int]]


class Decide(Protocol):
    """Decides what each sequence emits after one pass."""

    def __call__(self, sequences: list[Sequence], windows: Windows, logits: torch.Tensor) -> list[list[int]]:
        """``logits`` [n, C, V] right-aligned: row i's last ``len(windows[i]) + 1`` columns count."""
        ...


def exact(sequences: list[Sequence], windows: Windows, logits: torch.Tensor) -> list[list[int]]:
    """Greedy: token-identical to ``generate(do_sample=False)`` without logits processors."""
    choices = logits.argmax(-1).tolist()
    return [
        accept_exact(row[-len(window) - 1 :], window) for row, window in zip(choices, windows, strict=True)
    ]


class ExactWithProcessors:
    """Greedy, with logits processors applied to every place's true prefix.

    ``processors(prompt_length)`` gives the ``transformers`` LogitsProcessorList for a prompt of that many
    tokens (some processors count from the prompt's end).
    """

    def __init__(self, processors: Callable[[int], Any]) -> None:
        self.processors = processors

    def __call__(self, sequences: list[Sequence], windows: Windows, logits: torch.Tensor) -> list[list[int]]:
        return [
            self._row(sequence, window, logits[i, -len(window) - 1 :].float())
            for i, (sequence, window) in enumerate(zip(sequences, windows, strict=True))
        ]

    def _row(self, sequence: Sequence, window: list[int], logits: torch.Tensor) -> list[int]:
        processors = self.processors(len(sequence.prompt.ids))
        prefix = [*sequence.prompt.ids, *sequence.output]
        ids = torch.tensor([prefix + window], device=logits.device)  # [1, prefix + W]
        choices: list[int] = []
        for place in range(len(window) + 1):
            seen = ids[:, : len(prefix) + place]
            choices.append(int(processors(seen, logits[place : place + 1]).argmax(-1)))
            if place == len(window) or choices[place] != window[place]:
                break
        return accept_exact(choices, window)


def log_odds(confidence: float) -> float:
    """``log(c / (1 - c))``, at least 0: what a reader that is right with chance ``c`` weighs, in nats."""
    return math.inf if confidence >= 1 else max(0.0, math.log(max(confidence, 0.5) / (1 - confidence)))


class Fused:
    """Draft and verifier weighed against each other as two readers of one image.

    A draft token stands where the verifier prefers another by at most ``trade * log_odds(confidence)`` nats.
    At ``trade`` 1 that is Bayes' rule for two independent readers; 0 is exact, infinity is the draft.
    """

    def __init__(self, trade: float) -> None:
        self.trade = trade

    def _tolerance(self, confidence: float) -> float:
        return self.trade * log_odds(confidence) if self.trade else 0.0

    def __call__(self, sequences: list[Sequence], windows: Windows, logits: torch.Tensor) -> list[list[int]]:
        best, choices = logits.max(-1)  # [n, C]
        emitted = []
        for i, (sequence, window) in enumerate(zip(sequences, windows, strict=True)):
            width = len(window)
            margins: list[float] = []
            if width:
                drafted = torch.tensor(window, device=logits.device)[:, None]
                of_draft = logits[i, -width - 1 : -1].gather(1, drafted)[:, 0]
                margins = (best[i, -width - 1 : -1] - of_draft).tolist()
            tolerance = self._tolerance(sequence.confidence)
            emitted.append(accept_fused(choices[i, -width - 1 :].tolist(), window, margins, tolerance))
        return emitted


class Replay:
    """The verifier's choices come from recorded token ids by sequence key, each ending with an end token."""

    def __init__(self, recorded: Mapping[Hashable, list[int]]) -> None:
        self.recorded = recorded

    def __call__(self, sequences: list[Sequence], windows: Windows, logits: torch.Tensor) -> list[list[int]]:
        emitted = []
        for sequence, window in zip(sequences, windows, strict=True):
            truth, done = self.recorded[sequence.key], len(sequence.output)
            choices = truth[done : done + len(window) + 1]
            # beyond the recording's end nothing can be accepted: the end token has stopped the sequence
            choices += [-1] * (len(window) + 1 - len(choices))
            emitted.append(accept_exact(choices, window))
        return emitted
