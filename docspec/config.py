"""One validated, frozen configuration, passed down from the command line or the Python API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args, get_origin, get_type_hints

from docspec.errors import UsageError

ModeName = Literal["auto", "region", "page", "hierarchical"]
VerifyName = Literal["auto", "all", "doubtful"]
AcceptName = Literal["auto", "exact", "fused", "sampled"]
OnLoop = Literal["off", "keep", "draft"]
DtypeName = Literal["auto", "float32", "bfloat16", "float16"]

MAX_BATCH, MAX_NEW_TOKENS = 16, 4096


class Options(TypedDict, total=False):
    """The fields of Config as keywords: ``**options: Unpack[Options]``. A test holds the two equal."""

    verifier: str
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
    images: bool
    max_batch: int
    token_budget: int
    max_new_tokens: int
    offline: bool


@dataclass(frozen=True, slots=True)
class Config:
    """What a parse does. Raises UsageError on a value that cannot be used.

    ``verifier`` is a registered name, a folder with a checkpoint, or a hub name. ``verify`` is what it reads:
    ``all``, or only what is ``doubtful``, which spares it the text that a sound text layer has (``auto``: the
    bundled verifier is spared it, others are not). ``max_batch`` bounds the
    active sequences, ``token_budget`` the cached tokens over all of them. ``trade`` is lambda of fused
    acceptance: 0 is exact, infinity takes every draft; ``temperature`` and ``seed`` are of sampled
    acceptance. ``on_loop`` is what becomes of runaway repetition: the text up to the loop is kept, the draft
    taken instead, or (``off``) the verifier runs on. A region that is not cut there has the tokens that it
    has with ``off``, but that exact acceptance gives all that ``generate`` writes holds with ``off`` only.
    ``pages`` selects pages, counted from 1: ``1-3,7,10-``.

    >>> config = docspec.Config(verifier="draft-only", pages="1")
    >>> docspec.Parser(config).parse("paper.pdf").markdown.splitlines()[0]
    '# 1 Heading of page 1'
    """

    verifier: str = "mini"
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
    images: bool = False
    max_batch: int = MAX_BATCH
    token_budget: int = 65536
    max_new_tokens: int = MAX_NEW_TOKENS
    offline: bool = False

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
