"""How many outputs differ from ``generate``'s by rounding: with drafts, without, and its own in batches.

    python -m docspec.bench.rounding --device cuda

A Qwen2-VL with random weights reads images of noise. ``generate`` on one image after the other is what the
others are compared with: ``generate`` on batches, and docspec's engine without drafts, with right ones and
with drafts that are half wrong, in float32 and in bfloat16. Sums in another order round otherwise, so a
near tie may fall otherwise; flat random weights have more near ties than trained ones. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from docspec.bench.decode import make_reader
from docspec.bench.generate import batch_inputs
from docspec.bench.token_drafts import drafted
from docspec.types import Category, Request
from docspec.verifiers.decide import exact
from docspec.verifiers.engine import Engine
from docspec.verifiers.runner import Runner
from docspec.verifiers.transformers_vlm import TransformersModel

DTYPES = ("float32", "bfloat16")
SCALE, HEAD_SCALE = 1.3, 2.0  # of random weights whose outputs vary from place to place
BUDGET = 1 << 20  # cached tokens

Rows = list[list[int]]


def noisy_reader(layers: int, hidden: int, device: str, dtype: str) -> TransformersModel:
    """The benchmarks' random Qwen2-VL with larger weights, but for rounding the same in each type."""
    loaded = make_reader(layers, hidden, device, dtype)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in loaded.model.named_parameters():
            if weight.dim() > 1:
                scale = (HEAD_SCALE if "lm_head" in name else SCALE) / weight.shape[-1] ** 0.5
                weight.copy_(scale * torch.randn(weight.shape, generator=generator))
    return loaded


def requests_of(count: int) -> list[Request]:
    """Regions of noise, of several sizes."""
    generator = np.random.default_rng(0)
    sizes = [(56 + 28 * (key % 3), 84 + 28 * (key % 4)) for key in range(count)]
    return [
        Request(key, generator.integers(0, 255, (*size, 3), dtype=np.uint8), Category.TEXT)
        for key, size in enumerate(sizes)
    ]


def generated(loaded: TransformersModel, requests: Sequence[Request], tokens: int, rows: int) -> Rows:
    """``generate``'s outputs, ``rows`` images at once."""
    written: Rows = []
    for first in range(0, len(requests), rows):
        asked = [(request.image, request.category) for request in requests[first : first + rows]]
        inputs = batch_inputs(loaded, asked)
        with torch.inference_mode():
            made = loaded.model.generate(**inputs, do_sample=False, max_new_tokens=tokens)
        written += [
            _ended(row, loaded.end_tokens[0]) for row in made[:, inputs["input_ids"].shape[1] :].tolist()
        ]
    return written


def decoded(
    loaded: TransformersModel, requests: Sequence[Request], tokens: int, rows: int, drafts: Rows
) -> Rows:
    """The engine's outputs with these drafts, ``rows`` at once."""
    end, size = loaded.end_tokens[0], loaded.model.get_input_embeddings().weight.shape[0]
    prompts = loaded.prompts(list(requests))
    engine = Engine(Runner(loaded.model, rows), exact, BUDGET)
    sequences = [
        drafted(key, prompt, draft, end, tokens, size)
        for key, (prompt, draft) in enumerate(zip(prompts, drafts, strict=True))
    ]
    done = {int(str(one.key)): _ended(one.output, end) for one in engine.run(sequences)}
    return [done[key] for key in range(len(requests))]


def half_wrong(rows: Rows) -> Rows:
    """Drafts of these outputs, every fourth token of which is the one before."""
    return [[row[i - (i % 4 == 3)] for i in range(len(row))] for row in rows]


def shares(
    loaded: TransformersModel, requests: Sequence[Request], tokens: int, rows: int
) -> dict[str, float]:
    """The share of outputs, by way, that differ from those of ``generate`` on one image after the other."""
    truth = generated(loaded, requests, tokens, 1)
    ways: dict[str, Callable[[], Rows]] = {
        "generate, in batches": lambda: generated(loaded, requests, tokens, rows),
        "docspec, no drafts": lambda: decoded(loaded, requests, tokens, rows, [[]] * len(requests)),
        "docspec, right drafts": lambda: decoded(loaded, requests, tokens, rows, truth),
        "docspec, drafts half wrong": lambda: decoded(loaded, requests, tokens, rows, half_wrong(truth)),
    }
    return {
        name: sum(ours != theirs for ours, theirs in zip(way(), truth, strict=True)) / len(truth)
        for name, way in ways.items()
    }


def _ended(tokens: list[int], end: int) -> list[int]:
    """Tokens up to the end token."""
    return tokens[: tokens.index(end)] if end in tokens else tokens


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.rounding", description=__doc__)
    parser.add_argument("--sequences", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    table = Table("sequences that differ from generate's", *DTYPES)
    found: dict[str, Any] = {}
    for dtype in DTYPES:
        loaded = noisy_reader(options.layers, options.hidden, options.device, dtype)
        found[dtype] = shares(loaded, requests_of(options.sequences), options.tokens, options.batch)
    for way in found[DTYPES[0]]:
        table.add_row(way, *(f"{100 * found[dtype][way]:.0f}%" for dtype in DTYPES))
    Console().print(table)
    settings = {**vars(options), "device": str(loaded.model.device), "torch": torch.__version__}
    print(json.dumps({"settings": settings, "differ": found}))


if __name__ == "__main__":
    main()
