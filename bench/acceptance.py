"""How much of a verifier's text the OCR drafts would give it: mean accepted length, replayed.

Takes OmniDocBench's format (a folder with its JSON and ``images/``). The annotated text of each region
stands for the verifier's choices; the draft is what the drafter reads in the annotated box. Display formulas
are a group of their own, as the recorded outputs (of a real VLM) have them. With ``--mode page`` a page's
recorded output stands for the choices, and the draft is the whole page as the pipeline makes it of the image;
with ``--mode hierarchical`` the annotated text stands for regions that have been read, and is the draft. With
``--pdf`` the recorded output of running text stands for the choices, and drafts are read from the text layer
of PDFs that are typeset of the pages (see ``born_digital``). No model runs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from docspec.bench import plain_ocr
from docspec.bench.acceptance_cases import (
    GROUPS,
    Case,
    kept_cases,
    page_groups,
    read_cases,
    read_pdf_cases,
    region_groups,
)
from docspec.bench.acceptance_loop import END, TokenCursor, replay
from docspec.bench.displays import display_cases
from docspec.bench.neutral_tokenizer import DESCRIPTION, neutral_tokenizer
from docspec.bench.pages import recorded_pages
from docspec.drafters.following.cursor import Codec, DraftCursor, agreement
from docspec.drafters.following.experience import Experience
from docspec.registry import load
from docspec.types import Alternative, DecodeStats, Mode
from docspec.verifiers.codec import TokenizerCodec

BRANCH = 8  # draft tokens in each branch beside the main window, with trees; chosen by eye


def measure(
    codec: Codec,
    cases: Sequence[Case],
    window: int,
    matching: str,
    reach: int = 0,
    groups: Mapping[str, Callable[[Case], bool]] = GROUPS,
) -> dict[str, dict[str, float | int]]:
    """Figures by group: regions, tokens, mean accepted length, agreement, time in the cursor a step."""
    figures: dict[str, dict[str, float | int]] = {}
    for group, belongs in groups.items():
        chosen = [case for case in cases if belongs(case)]
        started = time.perf_counter()
        known = Experience()  # as in one verifier that reads all of the group in this order
        replayed = (_replay_one(codec, case, window, matching, reach, known) for case in chosen)
        stats = sum(replayed, DecodeStats())
        elapsed = time.perf_counter() - started
        figures[group] = {
            "regions": len(chosen),
            "tokens": stats.tokens,
            "steps": stats.steps,
            "mean_accepted_length": round(stats.mean_accepted_length, 3),
            "drafted_used": round(stats.accepted / max(1, stats.drafted), 3),
            "agreement": round(sum(agreement(c.draft, c.truth) for c in chosen) / max(1, len(chosen)), 4),
            "milliseconds_per_step": round(1000 * elapsed / max(1, stats.steps), 3),
        }
    return figures


def _replay_one(
    codec: Codec, case: Case, window: int, matching: str, reach: int, known: Experience
) -> DecodeStats:
    draft = case.truth if matching == "perfect" else case.draft
    if matching == "tokens":
        return replay(codec, TokenCursor(draft, codec), case.truth, window)
    alternatives = [Alternative(*one) for one in case.alternatives if matching != "perfect"]
    cursor = DraftCursor([draft], codec, END, [alternatives], known)
    stats = replay(codec, cursor, case.truth, window, reach)
    known.finished(codec.encode(case.truth)[0])
    return stats


def _cases(options: argparse.Namespace) -> tuple[list[Case], Mapping[str, Callable[[Case], bool]]]:
    """The cases to replay and how they are grouped; cases come from their file where there is one."""
    file: Path | None = options.drafts
    if file is not None and file.exists():
        cases = kept_cases(file)
    else:
        cases = list(_drafted(options))
        if file is not None:
            rows = [asdict(case) for case in cases]
            file.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return cases, (region_groups if options.mode == "region" else page_groups)(cases)


def _drafted(options: argparse.Namespace) -> Iterator[Case]:
    if options.mode != "region":
        return recorded_pages(options.data, _outputs(options), options.drafter, Mode(options.mode))
    plain = options.drafter == plain_ocr.SOURCE
    drafter = plain_ocr.PlainOcr() if plain else load("drafters", options.drafter)()
    if options.pdf:
        return read_pdf_cases(options.data, _outputs(options), drafter, options.pdf)
    shown = display_cases(options.data, _outputs(options), drafter) if _outputs(options).is_dir() else ()
    return chain(read_cases(options.data, drafter), shown)


def _outputs(options: argparse.Namespace) -> Path:
    outputs: Path = options.outputs or options.data / "vlm_outputs"
    return outputs


def main() -> None:
    """Print the figures; the last line is JSON."""
    options = _arguments()
    if options.pdf and options.mode != "region":
        raise SystemExit("--pdf is of regions: leave --mode out")
    usual = "text-layer" if options.pdf else "rapidocr" if options.mode == "region" else "auto"
    options.drafter = options.drafter or usual
    own: Path | None = options.tokenizer
    if own is not None and not own.is_file():
        raise SystemExit(f"no tokenizer at {own}: leave --tokenizer out for a neutral one")
    codec = TokenizerCodec(Tokenizer.from_file(str(own)) if own else neutral_tokenizer())
    cases, groups = _cases(options)
    reach = BRANCH if options.trees else 0
    figures = measure(codec, cases, options.window, options.matching, reach, groups)
    names = [name.replace("_", " ") for name in next(iter(figures.values()))]
    made = f", {options.pdf} text in PDFs" if options.pdf else ""
    title = f"replayed, {options.mode} mode{made}, {options.matching}, window {options.window}"
    tokenizer = str(own) if own else DESCRIPTION
    table = Table("group", *names, title=title, caption=f"tokenizer: {tokenizer}")
    for group, row in figures.items():
        table.add_row(group, *map(str, row.values()))
    Console().print(table)
    settings = {
        "mode": options.mode,
        "drafter": options.drafter,
        "window": options.window,
        "matching": options.matching,
        "trees": options.trees,
        "tokenizer": tokenizer,
    }
    if options.pdf:
        settings["pdf"] = options.pdf
    print(json.dumps({"benchmark": "acceptance", "replayed": True, **settings, "groups": figures}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.acceptance", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="OmniDocBench folder: a JSON and images/")
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default="region")
    parser.add_argument(
        "--pdf", choices=["annotated", "recorded"], help="running text from typeset PDFs, as recorded outputs"
    )
    parser.add_argument("--outputs", type=Path, help="recorded pages, .md (default: DATA/vlm_outputs)")
    parser.add_argument("--tokenizer", type=Path, help=f"tokenizer.json (default: {DESCRIPTION})")
    parser.add_argument(
        "--drafter",
        help="registered drafter (default: rapidocr, text-layer for PDFs, auto for pages), or "
        f"{plain_ocr.SOURCE}: regions as RapidOCR's wheel reads them, as a baseline",
    )
    parser.add_argument("--drafts", type=Path, help="keep the drafts in this file, or reuse them from it")
    parser.add_argument("--window", type=int, default=128, help="draft tokens a step (default: 128)")
    parser.add_argument(
        "--trees", action=argparse.BooleanOptionalAction, default=True, help="branches beside the main window"
    )
    parser.add_argument(
        "--matching",
        choices=["characters", "tokens", "perfect"],
        default="characters",
        help="tokens: baseline without character matching; perfect: the draft is the annotation itself",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
