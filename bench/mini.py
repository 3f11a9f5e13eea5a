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
from docspec.config import AcceptName, Config
from docspec.drafting import DraftedPage, Input, Stages
from docspec.errors import UsageError
from docspec.types import DecodeStats, Request
from docspec.verifiers.mini.verifier import MiniVerifier


def draft_page(path: Path, number: int, config: Config) -> list[Request]:
    """The requests of page ``number`` (from 1) that the mini reads."""
    verifier = MiniVerifier(config)
    stages = Stages(
        detector=registry.make("detectors", config.detector, config),
        drafter=registry.make("drafters", config.drafter, config),
        style=verifier.style,
        dpi=verifier.dpi,
        config=Config(pages=str(number)),
    )
    pages = [event for event in stages.documents([Input(0, path)]) if isinstance(event, DraftedPage)]
    if not pages or pages[0].result.error:
        raise UsageError(f"page {number} of {path} cannot be read")
    return [request for request in pages[0].requests if verifier.declines(request) is None]


def measure(requests: list[Request], accept: AcceptName, repeat: int) -> dict[str, Any]:
    """Seconds by stage with drafts and without, ``repeat`` times in turn, and how many texts differ.

    The first windows ride in the prefill, so the ratio is given of the decode stage and of both together.
    """
    config = Config(accept=accept, on_loop="off")
    runs: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    texts: dict[bool, dict[Any, str]] = {}
    stats = DecodeStats()
    for _ in range(repeat):
        for drafts in (True, False):
            verifier = MiniVerifier(config, drafts=drafts)
            verdicts = dict(verifier.verify(iter(requests)))
            runs[drafts].append(verifier.seconds)
            texts[drafts] = {key: verdict.text for key, verdict in verdicts.items()}
            if drafts:
                stats = sum((verdict.stats for verdict in verdicts.values()), DecodeStats())

    def ratio(*stages: str) -> float | None:
        pairs = [
            [sum(run[stage] for stage in stages) for run in both]
            for both in zip(runs[False], runs[True], strict=True)
        ]
        if any(drafted == 0 for _, drafted in pairs):
            return None  # everything was decided in the prefill
        return statistics.median(plain / drafted for plain, drafted in pairs)

    medians = {
        f"{stage}_s{'' if drafts else '_without_drafts'}": statistics.median(
            run[stage] for run in runs[drafts]
        )
        for stage in ("vision", "prefill", "decode")
        for drafts in (True, False)
    }
    return {
        "accept": accept,
        "regions": len(requests),
        "tokens": stats.tokens,
        "steps": stats.steps,
        "mean_accepted_length": stats.mean_accepted_length,
        **medians,
        "decode_ratio": ratio("decode"),
        "prefill_and_decode_ratio": ratio("prefill", "decode"),
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
    acceptances: tuple[AcceptName, ...] = ("exact", "fused")
    results = [measure(requests, accept, options.repeat) for accept in acceptances]
    table = Table(title=f"{options.document.name}, page {options.page}: medians; (without drafts)")
    counts = ("accept", "regions", "tokens", "steps", "MAL")
    for heading in (*counts, "prefill s", "decode s", "decode ratio", "with prefill", "texts differ"):
        table.add_column(heading, justify="right")
    for row in results:
        table.add_row(
            *(str(row[name]) for name in ("accept", "regions", "tokens", "steps")),
            f"{row['mean_accepted_length']:.2f}",
            *(f"{row[f'{s}_s']:.2f} ({row[f'{s}_s_without_drafts']:.2f})" for s in ("prefill", "decode")),
            f"{row['decode_ratio']:.2f}" if row["decode_ratio"] else "none left",
            f"{row['prefill_and_decode_ratio']:.2f}",
            str(row["texts_that_differ"]),
        )
    Console(width=120).print(table)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
