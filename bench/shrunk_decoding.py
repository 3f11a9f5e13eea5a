"""Whether the engine writes with drafts, whatever they are, what a small model's ``generate`` writes."""

from __future__ import annotations

from typing import Any

import torch

from docspec.bench.shrunk_settings import WORDS
from docspec.bench.token_drafts import drafted
from docspec.verifiers.decide import ExactWithProcessors
from docspec.verifiers.decoder_hooks import marker_tokens
from docspec.verifiers.engine import Engine
from docspec.verifiers.processors import greedy_processors
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt

TOKENS = 24
ROWS = 3
BUDGET = 1 << 20  # cached tokens


def drafts_of(tokens: list[int], markers: list[int]) -> list[list[int]]:
    """Drafts of an output: none, itself, with every fifth token another, without some, image tokens within,
    backwards."""
    wrong = [token if i % 5 else (token + 1) % WORDS for i, token in enumerate(tokens, start=1)]
    missing = [token for i, token in enumerate(tokens) if i % 7 != 3]
    marked = [*tokens[:5], *markers * 2, *tokens[5:]]
    return [[], tokens, wrong, missing, marked, tokens[::-1]]


def differing(model: Any, inputs: dict[str, torch.Tensor], prompt: Prompt, end: int) -> list[list[int]]:
    """The drafts, as token ids, with which the engine writes something else than ``generate``."""
    with torch.inference_mode():
        output = model.generate(**inputs, do_sample=False, max_new_tokens=TOKENS)
    truth = output[0, inputs["input_ids"].shape[1] :].tolist()
    drafts = drafts_of(truth, marker_tokens(model))
    engine = Engine(Runner(model, ROWS), ExactWithProcessors(greedy_processors(model, TOKENS)), BUDGET)
    sequences = [drafted(key, prompt, draft, end, TOKENS, WORDS) for key, draft in enumerate(drafts)]
    return [drafts[int(str(done.key))] for done in engine.run(sequences) if done.output != truth]
