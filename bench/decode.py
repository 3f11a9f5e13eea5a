"""What a real VLM would gain: its decode stage with drafts, without, and transformers' own ``generate``.

What drafts that are garbage cost is measured as well.

A Qwen2-VL (``--hybrid``: a Qwen3.5) with random weights reads the annotated text regions of a page. Its
passes are real; its choices are replayed from the annotated text. ``generate`` runs on the same crops, one
after the other, for as many tokens as the text has. All in one process; last line JSON.

``prompt`` is vision and prefill, with docspec's first windows riding in it; ``decode`` is what follows; the
ratios are to docspec's time, of the decode stage and of both stages together.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from transformers import PreTrainedTokenizerFast
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.bench.annotations import AnnotatedRegion, text_regions
from docspec.bench.neutral_tokenizer import neutral_tokenizer
from docspec.config import Config
from docspec.errors import UsageError
from docspec.registry import load
from docspec.types import DecodeStats, Draft, Request
from docspec.verifiers.clock import now
from docspec.verifiers.profiles.qwen_vl import QwenVL
from docspec.verifiers.replay import ReplayVerifier, random_qwen2_vl, random_qwen3_5
from docspec.verifiers.self_check import check
from docspec.verifiers.transformers_vlm import TransformersModel, pick_device, pick_dtype

SPECIAL = [
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one way to decode: before the first output token (``prompt``) and after (``decode``)."""

    prompt: float
    decode: float
    passes: int
    stats: DecodeStats


def make_reader(
    layers: int, hidden: int, device: str, dtype: str, *, hybrid: bool = False
) -> TransformersModel:
    """A random Qwen2-VL or Qwen3.5 with the benchmarks' vocabulary behind the reader that checkpoints get."""
    core = neutral_tokenizer()
    core.add_special_tokens(SPECIAL)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>")
    where = pick_device(device)
    make, name, patch = (random_qwen3_5, "Qwen3.5", 16) if hybrid else (random_qwen2_vl, "Qwen2-VL", 14)
    model = make(tokenizer, layers, hidden).to(where, pick_dtype(dtype, where))
    cell = (2 * patch) ** 2  # pixels
    images = Qwen2VLImageProcessorPil(patch_size=patch, min_pixels=cell * 4, max_pixels=cell * 1024)
    return TransformersModel(f"random {name}", model, tokenizer, QwenVL(model.config, tokenizer, images))


def run_engine(
    loaded: TransformersModel, requests: list[Request], texts: dict[Any, str], batch: int, drafts: bool
) -> Timing:
    """Our engine, ``batch`` regions at once."""
    verifier = ReplayVerifier(loaded, texts, Config(max_batch=batch, on_loop="off"), drafts=drafts)
    verdicts = dict(verifier.verify(iter(requests)))
    wrong = [key for key, verdict in verdicts.items() if verdict.text.strip() != texts[key].strip()]
    if wrong or len(verdicts) != len(requests):
        raise AssertionError(f"the replayed text did not come back for {wrong}")
    seconds = verifier.seconds
    stats = sum((verdict.stats for verdict in verdicts.values()), DecodeStats())
    return Timing(seconds["vision"] + seconds["prefill"], seconds["decode"], verifier.passes, stats)


def run_generate(loaded: TransformersModel, requests: list[Request], texts: dict[Any, str]) -> Timing:
    """transformers' ``generate``, region after region, each for its text's number of tokens."""
    prompt = decode = 0.0
    tokens = 0
    for request in requests:
        inputs = loaded.profile.inputs(request.image, request.category)
        inputs = {name: value.to(loaded.model.device) for name, value in inputs.items()}
        count = len(loaded.codec.encode(texts[request.key])[0]) + 1
        first = _seconds(loaded.model, inputs, 1)
        decode += max(0.0, _seconds(loaded.model, inputs, count) - first) if count > 1 else 0.0
        prompt += first
        tokens += count
    return Timing(prompt, decode, tokens, DecodeStats(tokens=tokens, steps=tokens))


def _seconds(model: Any, inputs: dict[str, torch.Tensor], count: int) -> float:
    started = now(model.device)
    with torch.inference_mode():
        output = model.generate(**inputs, do_sample=False, min_new_tokens=count, max_new_tokens=count)
    assert output.shape[1] == inputs["input_ids"].shape[1] + count
    return now(model.device) - started


def measure(
    loaded: TransformersModel, regions: list[AnnotatedRegion], batch: int, repeat: int
) -> dict[str, list[Timing]]:
    """The ways, ``repeat`` times in turn; garbage drafts are the real ones written backwards."""
    requests = [region.request for region in regions]
    garbage = [replace(request, drafts=tuple(map(_reversed, request.drafts))) for request in requests]
    texts = {region.request.key: region.text for region in regions}
    ways: dict[str, Callable[[], Timing]] = {
        "docspec": lambda: run_engine(loaded, requests, texts, batch, drafts=True),
        "no drafts, batched": lambda: run_engine(loaded, requests, texts, batch, drafts=False),
        "garbage drafts": lambda: run_engine(loaded, garbage, texts, batch, drafts=True),
        "generate": lambda: run_generate(loaded, requests, texts),
    }
    run_engine(loaded, requests[:1], texts, 1, drafts=True)  # first-use costs are nobody's
    runs: dict[str, list[Timing]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, way in ways.items():
            runs[name].append(way())
    return runs


def check_seconds(loaded: TransformersModel) -> float:
    """What the check of a checkpoint at its loading takes."""
    started = now(loaded.model.device)
    check(loaded)
    return now(loaded.model.device) - started


def _reversed(draft: Draft) -> Draft:
    return replace(draft, text=draft.text[::-1], alternatives=())


def report(console: Console, runs: dict[str, list[Timing]], labels: dict[str, Any]) -> dict[str, Any]:
    """Print the table; the result as plain data."""
    table = Table("way", title=f"replayed: {labels['page']}, {labels['regions']} regions")
    for heading in ("prompt s", "decode s", "passes", "tokens", "MAL", "decode ratio", "whole ratio"):
        table.add_column(heading, justify="right")
    ours = runs["docspec"]
    rows = {}
    for name, timings in runs.items():
        ratio = statistics.median(t.decode / max(o.decode, 1e-9) for t, o in zip(timings, ours, strict=True))
        whole = statistics.median(
            (t.prompt + t.decode) / (o.prompt + o.decode) for t, o in zip(timings, ours, strict=True)
        )
        rows[name] = {
            "prompt_s": statistics.median(t.prompt for t in timings),
            "decode_s": statistics.median(t.decode for t in timings),
            "passes": timings[0].passes,
            "tokens": timings[0].stats.tokens,
            "mean_accepted_length": timings[0].stats.mean_accepted_length,
            "decode_ratio_to_docspec": ratio,
            "whole_ratio_to_docspec": whole,
        }
        row = rows[name]
        table.add_row(
            name,
            f"{row['prompt_s']:.2f}",
            f"{row['decode_s']:.2f}",
            str(row["passes"]),
            str(row["tokens"]),
            f"{row['mean_accepted_length']:.2f}",
            f"{ratio:.2f}",
            f"{whole:.2f}",
        )
    console.print(table)
    return {**labels, "ways": rows}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.decode", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="OmniDocBench folder")
    parser.add_argument("--page", default="physletb", help="part of the page's image name")
    parser.add_argument("--language", default="english", help="of the regions")
    parser.add_argument("--limit", type=int, default=1000, help="regions")
    parser.add_argument("--hybrid", action="store_true", help="a Qwen3.5: its 0.8B has 24 layers")
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    options = parser.parse_args()
    loaded = make_reader(options.layers, options.hidden, options.device, options.dtype, hybrid=options.hybrid)
    started = time.perf_counter()
    drafted = text_regions(options.data, load("drafters", "rapidocr")(), loaded.style, options.page)
    regions = [region for region in drafted if region.language == options.language][: options.limit]
    drafting = time.perf_counter() - started
    if not regions:
        raise UsageError(f"no {options.language} text regions on pages like {options.page!r}")
    decoder = sum(p.numel() for p in loaded.model.model.language_model.layers.parameters())
    console = Console()
    labels = {
        "page": regions[0].page,
        "regions": len(regions),
        "drafting_s": round(drafting, 2),
        "decoder_parameters": decoder,
        "batch": options.batch,
        "dtype": str(loaded.model.dtype),
        "device": str(loaded.model.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    console.print(f"decoder of {decoder / 1e6:.0f}M parameters, random weights, {labels['dtype']}")
    console.print(f"drafting the page (RapidOCR) took {drafting:.2f} s")
    checking = check_seconds(loaded)
    runs = measure(loaded, regions, options.batch, options.repeat)
    pass_ = statistics.median(timing.decode / timing.passes for timing in runs["docspec"])
    console.print(
        f"the check at loading took {checking:.2f} s, as {checking / pass_:.1f} passes of this page do"
    )
    print(json.dumps(report(console, runs, labels | {"check_s": round(checking, 3)})))


if __name__ == "__main__":
    main()
