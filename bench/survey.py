"""Parse many documents and tabulate each: pages, regions, seconds by stage, tokens, verify steps.

For knowing what the default settings do to a folder of real files. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from docspec.errors import DocspecError
from docspec.inputs import collect_inputs
from docspec.pipeline import Parser
from docspec.types import DecodeStats, Document, Finish

STAGES = ("render", "read", "layout", "draft", "vision", "prefill", "decode")


def survey(parser: Parser, path: Path) -> dict[str, Any]:
    """One document's row; its error where it failed."""
    started = time.perf_counter()
    try:
        document = parser.parse(path)
    except DocspecError as error:
        return {"name": path.name, "error": f"{type(error).__name__}: {error}"}
    wall = time.perf_counter() - started
    return {"name": path.name, "wall_s": wall, **_counts(document)}


def _counts(document: Document) -> dict[str, Any]:
    regions = [result for page in document.pages for result in page.regions]
    by_source: defaultdict[str, DecodeStats] = defaultdict(DecodeStats)
    for result in regions:
        if result.verdict.finish is not Finish.UNVERIFIED:
            by_source[result.draft.source if result.draft else "none"] += result.verdict.stats
    total = sum(by_source.values(), DecodeStats())
    return {
        "pages": len(document.pages),
        "failed": len(document.errors),
        "regions": len(regions),
        "verified": sum(result.verdict.finish is not Finish.UNVERIFIED for result in regions),
        "seconds": {stage: document.timings.get(stage, 0.0) for stage in STAGES},
        "tokens": total.tokens,
        "steps": total.steps,
        "mean_accepted_length": total.mean_accepted_length,
        "by_source": {source: stats.mean_accepted_length for source, stats in by_source.items()},
    }


def table(rows: list[dict[str, Any]]) -> Table:
    """The rows for a terminal."""
    made = Table(title="seconds by stage; drafting and verifying overlap")
    counts, lengths = (
        ("document", "pages", "regions", "verified", "wall"),
        ("tokens", "steps", "MAL", "by source"),
    )
    for heading in (*counts, *STAGES, *lengths):
        made.add_column(heading, justify="left" if heading in ("document", "by source") else "right")
    for row in rows:
        if "error" in row:
            made.add_row(row["name"], row["error"])
            continue
        times = [f"{row['seconds'][stage]:.1f}" for stage in STAGES]
        sources = ", ".join(f"{source} {length:.1f}" for source, length in row["by_source"].items())
        accepted = [row["tokens"], row["steps"], f"{row['mean_accepted_length']:.1f}", sources]
        sizes = [row["pages"], row["regions"], row["verified"], f"{row['wall_s']:.1f}"]
        made.add_row(row["name"], *map(str, [*sizes, *times, *accepted]))
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.survey", description=__doc__)
    parser.add_argument("paths", nargs="+", help="documents, folders, globs")
    parser.add_argument("--verifier", default="mini")
    parser.add_argument("--accept", default="auto")
    options = parser.parse_args()
    worker = Parser(verifier=options.verifier, accept=options.accept)
    rows = [survey(worker, path) for path in collect_inputs(options.paths)]
    Console(width=200).print(table(rows))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
