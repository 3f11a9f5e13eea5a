"""Who reads better: the drafter, the mini alone, the mini with drafts (exact), or both weighed (fused).

Character error over the text regions of an OmniDocBench folder against the annotations; white space counts
once. Regions with formulas are left out: the mini does not write LaTeX. ``--pdfs`` also tells how much of
trusted text layers the default changes, each change counted as harm. ``--plot`` draws character error against
lambda; ``--held-out`` adds the errors on synthetic lines never trained on. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from docspec.bench.annotations import AnnotatedRegion, text_regions
from docspec.config import Config
from docspec.pipeline import Parser
from docspec.registry import load
from docspec.types import DecodeStats, Finish, Style
from docspec.verifiers.mini.training import evaluate
from docspec.verifiers.mini.verifier import MiniVerifier

TRADES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


def read(regions: list[AnnotatedRegion], config: Config, drafts: bool) -> tuple[dict[Any, str], DecodeStats]:
    """The mini's texts by request key, and the counts over all regions."""
    verifier = MiniVerifier(config, drafts=drafts)
    verdicts = dict(verifier.verify(region.request for region in regions))
    stats = sum((verdict.stats for verdict in verdicts.values()), DecodeStats())
    return {key: verdict.text for key, verdict in verdicts.items()}, stats


def measure(regions: list[AnnotatedRegion]) -> list[dict[str, Any]]:
    """A row a reader: character error, mean accepted length, texts that differ from the mini alone."""
    truths = {region.request.key: region.text for region in regions}
    drafted = {region.request.key: region.draft.text if region.draft else "" for region in regions}

    def error(texts: Mapping[Any, str]) -> float:
        return evaluate.character_error([(texts[key], truth) for key, truth in truths.items()])

    rows: list[dict[str, Any]] = [{"reader": "drafter", "character_error": error(drafted)}]
    alone, _ = read(regions, Config(accept="exact", on_loop="off"), drafts=False)
    ways = [
        ("mini alone", Config(accept="exact", on_loop="off"), False),
        ("mini, exact", Config(accept="exact", on_loop="off"), True),
    ]
    ways += [(f"fused, lambda {trade:g}", Config(accept="fused", trade=trade), True) for trade in TRADES]
    for name, config, drafts in ways:
        texts, stats = (alone, None) if not drafts else read(regions, config, drafts)
        row: dict[str, Any] = {"reader": name, "character_error": error(texts)}
        if stats:
            row["mean_accepted_length"] = stats.mean_accepted_length
            row["differ_from_mini_alone"] = sum(texts[key] != alone[key] for key in alone)
        rows.append(row)
    return rows


def text_layer_changes(folder: Path) -> list[dict[str, Any]]:
    """A row a PDF: verified characters of text layers, and how many the default's text differs in."""
    parser, rows = Parser(), []
    for result in parser.parse_batch(sorted(folder.glob("*.pdf"))):
        if result.document is None:
            continue  # encrypted: nothing to read
        pairs = [
            (region.draft.text, region.text)
            for page in result.document.pages
            for region in page.regions
            if region.draft and region.draft.source == "text-layer"
            if region.verdict.finish is not Finish.UNVERIFIED
        ]
        changed = [(a, b) for a, b in pairs if a != b]
        rows.append(
            {
                "document": result.path.name,
                "characters": sum(len(draft) for draft, _ in pairs),
                "changed": sum(Levenshtein.distance(a, b) for a, b in changed),
                "examples": [_difference(a, b) for a, b in changed[:3]],
            }
        )
    return rows


def _difference(draft: str, text: str) -> str:
    """The first place where two texts part, with some of what is around it."""
    at = next((i for i, (a, b) in enumerate(zip(draft, text, strict=False)) if a != b), 0)
    return f"{draft[max(0, at - 15) : at + 15]!r} -> {text[max(0, at - 15) : at + 15]!r}"


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Character error against lambda, as a picture whose type is that of ``path`` (needs matplotlib)."""
    from matplotlib.figure import Figure

    errors = {row["reader"]: 100 * row["character_error"] for row in rows}
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(TRADES, [errors[f"fused, lambda {trade:g}"] for trade in TRADES], marker="o", label="fused")
    for name, style in (("drafter", "--"), ("mini alone", ":")):
        axes.axhline(errors[name], linestyle=style, color="gray", label=name)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("lambda")
    axes.set_ylabel("character error, %")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m docspec.verifiers.mini.training.compare", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="OmniDocBench folder")
    parser.add_argument("--language", default="english", help="of the regions")
    parser.add_argument("--drafter", default="rapidocr")
    parser.add_argument("--held-out", type=Path, nargs="*", default=[], help="shards made with --evaluation")
    parser.add_argument("--pdfs", type=Path, help="folder of born-digital PDFs")
    parser.add_argument("--plot", type=Path, help="picture to write, such as trade.svg")
    options = parser.parse_args()
    regions = [
        region
        for region in text_regions(options.data, load("drafters", options.drafter)(), Style())
        if region.language == options.language and "$" not in region.text and region.lines
    ]
    rows = measure(regions)
    table = Table("reader", title=f"{len(regions)} {options.language} regions")
    for heading in ("character error %", "mean accepted length", "differ from mini alone"):
        table.add_column(heading, justify="right")
    for row in rows:
        length = row.get("mean_accepted_length")
        table.add_row(
            row["reader"],
            f"{100 * row['character_error']:.2f}",
            f"{length:.2f}" if length else "-",
            str(row.get("differ_from_mini_alone", "-")),
        )
    Console().print(table)
    if options.plot:
        plot(rows, options.plot)
    layers = text_layer_changes(options.pdfs) if options.pdfs else []
    for row in layers:
        if row["characters"]:
            share = 100 * row["changed"] / row["characters"]
            Console().print(row["document"], f"{row['changed']} of {row['characters']}", f"({share:.3f}%)")
            for example in row["examples"]:
                Console().print(" ", example, markup=False)
    held_out = {folder.name: evaluate.measure(folder) for folder in options.held_out}
    for name, errors in held_out.items():
        Console().print(name, errors)
    print(
        json.dumps(
            {
                "benchmark": "readers",
                "regions": len(regions),
                "rows": rows,
                "text_layers": layers,
                "held_out": held_out,
            }
        )
    )


if __name__ == "__main__":
    main()
