"""What drafts gain the bundled verifier on one page: decode time with and without, in one run.

The page is drafted once; the same regions then go through the same engine with their drafts and without,
in turn. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from docspec import registry
from docspec.config import Config
from docspec.drafting import DraftedPage, Input, Stages
from docspec.errors import UsageError
from docspec.types import DecodeStats, Request
from docspec.verifiers.mini.verifier import MiniVerifier


def draft_page(path: Path, number: int, config: Config) -> list[Request]:
    """The requests of page ``number`` (from 1) that the mini reads."""
    verifier = MiniVerifier(config)
    stages = Stages(
        detector=registry.load("detectors", config.detector)(),
        drafter=registry.load("drafters", config.drafter)(),
        style=verifier.style,
        dpi=verifier.dpi,
        config=Config(pages=str(number)),
    )
    pages = [event for event in stages.documents([Input(0, path)]) if isinstance(event, DraftedPage)]
    if not pages or pages[0].result.error:
        raise UsageError(f"page {number} of {path} cannot be read")
    return [request for request in pages[0].requests if verifier.declines(request) is None]


def measure(requests: list[Request], accept: str, repeat: int) -> dict[str, Any]:
    """Decode seconds with drafts and without, ``repeat`` times in turn, and how many texts differ."""
    config = Config(accept=accept)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    prompts: dict[bool, list[float]] = {True: [], False: []}
    texts: dict[bool, dict[Any, str]] = {}
    stats = DecodeStats()
    for _ in range(repeat):
        for drafts in (True, False):
            verifier = MiniVerifier(config, drafts=drafts)
            verdicts = dict(verifier.verify(iter(requests)))
            seconds[drafts].append(verifier.seconds["prefill"] + verifier.seconds["decode"])
            prompts[drafts].append(verifier.seconds["vision"])
            texts[drafts] = {key: verdict.text for key, verdict in verdicts.items()}
            if drafts:
                stats = sum((verdict.stats for verdict in verdicts.values()), DecodeStats())
    return {
        "accept": accept,
        "regions": len(requests),
        "tokens": stats.tokens,
        "steps": stats.steps,
        "mean_accepted_length": stats.mean_accepted_length,
        "vision_s": statistics.median(prompts[True]),
        "decode_s": statistics.median(seconds[True]),
        "decode_without_drafts_s": statistics.median(seconds[False]),
        "ratio": statistics.median(
            plain / drafted for plain, drafted in zip(seconds[False], seconds[True], strict=True)
        ),
        "texts_that_differ": sum(texts[True][key] != texts[False][key] for key in texts[True]),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.mini", description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("--page", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--drafter", default="auto")
    options = parser.parse_args()
    requests = draft_page(options.document, options.page, Config(drafter=options.drafter))
    results = [measure(requests, accept, options.repeat) for accept in ("exact", "fused")]
    table = Table(title=f"{options.document.name}, page {options.page}: prefill and decode, median")
    counts, times = ("accept", "regions", "tokens", "steps", "MAL"), ("drafts s", "none s", "ratio", "differ")
    for heading in (*counts, *times):
        table.add_column(heading, justify="right")
    for row in results:
        table.add_row(
            row["accept"],
            str(row["regions"]),
            str(row["tokens"]),
            str(row["steps"]),
            f"{row['mean_accepted_length']:.2f}",
            f"{row['decode_s']:.2f}",
            f"{row['decode_without_drafts_s']:.2f}",
            f"{row['ratio']:.2f}",
            str(row["texts_that_differ"]),
        )
    Console().print(table)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
