"""One validated, frozen configuration, passed down from the command line or the Python API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args, get_origin, get_type_hints

from docspec.errors import UsageError

ModeName = Literal["auto", "region", "page", "hierarchical"]
VerifyName = Literal["auto", "all", "doubtful", "none"]
AcceptName = Literal["auto", "exact", "fused", "sampled"]
OnLoop = Literal["off", "keep", "draft"]
DtypeName = Literal["auto", "float32", "bfloat16", "float16"]

MAX_BATCH, MAX_NEW_TOKENS = 16, 4096


class Options(TypedDict, total=False):
    """The fields of Config as keywords: ``**options: Unpack[Options]``. A test holds the two equal."""

    verifier: str
    server: str | None
    drafter: str
    detector: str
    mode: ModeName
    verify: VerifyName
    accept: AcceptName
    trade: float | None
    temperature: float
    seed: int
    on_loop: OnLoop
    device: str
    dtype: DtypeName
    pages: str | None
    password: str | None
    keep_headers: bool
    plain: bool
    images: bool
    max_batch: int
    token_budget: int
    max_new_tokens: int
    offline: bool
    check: bool
    graphs: bool


@dataclass(frozen=True, slots=True)
class Config:
    """What a parse does. Raises UsageError on a value that cannot be used.

    ``verifier`` is a registered name, a folder with a checkpoint, or a hub name, or one of the latter two
    after ``vllm:``, which has vLLM decode in this process. ``server`` has the URLs, with commas between them,
    of OpenAI-compatible servers that decode the verifier. ``drafter`` and ``detector`` are registered names.
    ``mode`` is how pages are read (see Mode); ``auto`` takes what is native to the
    verifier.

    ``verify`` is what the verifier reads: ``all``; only what is ``doubtful``, which trusts a sound text layer
    after a few lines of each page have been read again, and leaves it unverified; or ``none``, for which no
    model is loaded. ``auto`` is ``doubtful`` for the bundled verifier with fused acceptance, its default, and
    ``all`` otherwise.

    ``accept`` is when a drafted token stands: ``exact`` where it is the verifier's own greedy choice,
    ``sampled`` where the verifier's own sampling gives it, ``fused`` where draft and verifier, weighed as two
    readers of one image, make it the likelier one. ``auto`` is ``fused`` for the bundled verifier and
    ``exact`` for others. ``trade`` is the weight of drafts in fused acceptance: 0 is exact, infinity takes
    every draft. ``temperature`` and ``seed`` are for sampled acceptance.

    ``on_loop`` is what becomes of an output that repeats itself for ever: ``keep`` ends it at the loop,
    ``draft`` puts the draft in its place, and ``off`` lets the verifier run on. Only with ``off`` is an exact
    output always all that ``generate`` writes; one that was not ended at a loop is the same either way.

    ``device`` and ``dtype`` are the model's, ``auto`` what the machine has. ``pages`` selects pages, counted
    from 1: ``1-3,7,10-``. ``password`` opens encrypted PDFs. ``keep_headers`` keeps page headers and footers
    in the markdown, ``images`` the pixels of pictures in the result, ``plain`` leaves emphasis out of text
    that no model reads. ``max_batch`` bounds the sequences that are decoded at once (or asked of each
    server), ``token_budget`` their cached tokens in all, ``max_new_tokens`` the length of each output.
    ``offline`` forbids downloading a model. ``check`` has a checkpoint decode a few tokens in transformers
    and here before it is used, and refuses it where they differ by more than rounding. ``graphs`` has
    verify passes recorded as CUDA graphs, on a device that has them.

    >>> config = docspec.Config(verifier="draft-only", pages="1")
    >>> docspec.Parser(config).parse("paper.pdf").markdown.splitlines()[0]
    '# 1 Heading of page 1'
    """

    verifier: str = "mini"
    server: str | None = None
    drafter: str = "auto"
    detector: str = "pymupdf"
    mode: ModeName = "auto"
    verify: VerifyName = "auto"
    accept: AcceptName = "auto"
    trade: float | None = None
    temperature: float = 1.0
    seed: int = 0
    on_loop: OnLoop = "keep"
    device: str = "auto"
    dtype: DtypeName = "auto"
    pages: str | None = None
    password: str | None = None
    keep_headers: bool = False
    plain: bool = False
    images: bool = False
    max_batch: int = MAX_BATCH
    token_budget: int = 65536
    max_new_tokens: int = MAX_NEW_TOKENS
    offline: bool = False
    check: bool = True
    graphs: bool = True

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            if get_origin(kind) is Literal and getattr(self, name) not in get_args(kind):
                expected = ", ".join(get_args(kind))
                raise UsageError(f"unknown {name} {getattr(self, name)!r}; expected one of: {expected}")
        for name in ("max_batch", "token_budget", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not self.temperature > 0:
            raise UsageError(f"temperature must be more than 0, not {self.temperature}")
        if self.trade is not None and not self.trade >= 0:
            raise UsageError(f"trade must be 0 or more, not {self.trade}")
