"""The options that several commands have, each with its help."""

from __future__ import annotations

from typing import Annotated

import typer

RESULTS, READING = "What is written", "How it is read"
DECODING, MACHINE = "How the model's output is decided", "What it runs on"

Pages = Annotated[
    str | None, typer.Option(metavar="RANGES", help="Read only these pages, such as 1-3,7,10-.")
]
Password = Annotated[str | None, typer.Option(metavar="TEXT", help="The password of encrypted PDFs.")]
KeepHeaders = Annotated[
    bool,
    typer.Option(
        "--keep-headers", help="Keep page headers and footers in the text.", rich_help_panel=RESULTS
    ),
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Leave bold, italic and struck text unmarked.", rich_help_panel=RESULTS),
]
Images = Annotated[
    bool, typer.Option("--images", help="Write the pictures as files and link them.", rich_help_panel=RESULTS)
]
VerifierName = Annotated[
    str,
    typer.Option(
        "--verifier",
        metavar="NAME",
        help="The model that decides: mini (bundled), draft-only (none), or a checkpoint's folder or hub "
        "name; vllm:NAME has vLLM decode it here.",
        rich_help_panel=READING,
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        metavar="URL[,URL...]",
        help="OpenAI-compatible servers that decode the model, such as docspec serve starts. Their API "
        "key is DOCSPEC_API_KEY or OPENAI_API_KEY in the environment.",
        rich_help_panel=MACHINE,
    ),
]
ReadingMode = Annotated[
    str,
    typer.Option(
        "--mode",
        metavar="NAME",
        help="What the model reads at a time: region, page, hierarchical (regions, then the page), or "
        "auto, what is native to it.",
        rich_help_panel=READING,
    ),
]
Verify = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What the model reads: all, doubtful (a sound text layer is sampled and trusted), none (no "
        "model is loaded, drafts stand), or auto: doubtful for the bundled model, all for others.",
        rich_help_panel=READING,
    ),
]
DrafterName = Annotated[
    str,
    typer.Option(
        "--drafter",
        metavar="NAME",
        help="Where drafts come from: auto, text-layer, rapidocr, rapidocr-v4, mini or none.",
        rich_help_panel=READING,
    ),
]
DetectorName = Annotated[
    str,
    typer.Option(
        "--detector",
        metavar="NAME",
        help="What finds the regions: pymupdf or layoutparser.",
        rich_help_panel=READING,
    ),
]
Accept = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How drafts are accepted: exact (the model's own greedy output), sampled, fused (draft and "
        "model weighed), or auto.",
        rich_help_panel=DECODING,
    ),
]
MaxNewTokens = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Cut a region's or page's output off after so many tokens.",
        rich_help_panel=DECODING,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Where the model runs: auto, cpu, cuda, cuda:1 or mps.",
        rich_help_panel=MACHINE,
    ),
]
Dtype = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The model's numbers: float32, bfloat16, float16, or auto: bfloat16 on a GPU, else float32.",
        rich_help_panel=MACHINE,
    ),
]
MaxBatch = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Decode at most so many regions together, or ask each server for.",
        rich_help_panel=MACHINE,
    ),
]
NoGraphs = Annotated[
    bool,
    typer.Option(
        "--no-graphs",
        help="Do not record verify passes as CUDA graphs, on a device that has them.",
        rich_help_panel=MACHINE,
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Never use the network, servers aside.", rich_help_panel=MACHINE)
]
