"""One validated, frozen configuration, passed down from the command line or the Python API."""

from __future__ import annotations

from dataclasses import dataclass

from docspec.errors import UsageError

MODES = ("auto", "region", "page", "hierarchical")
ACCEPTS = ("auto", "exact", "fused", "sampled")
VERIFY = ("auto", "all", "doubtful")
ON_LOOP = ("off", "keep", "draft")
MAX_BATCH, MAX_NEW_TOKENS = 16, 4096
DTYPES = ("auto", "float32", "bfloat16", "float16")


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
    """

    verifier: str = "mini"
    drafter: str = "auto"
    detector: str = "pymupdf"
    mode: str = "auto"
    verify: str = "auto"
    accept: str = "auto"
    trade: float | None = None
    temperature: float = 1.0
    seed: int = 0
    on_loop: str = "keep"
    device: str = "auto"
    dtype: str = "auto"
    pages: str | None = None
    password: str | None = None
    keep_headers: bool = False
    images: bool = False
    max_batch: int = MAX_BATCH
    token_budget: int = 65536
    max_new_tokens: int = MAX_NEW_TOKENS
    offline: bool = False

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("mode", self.mode, MODES),
            ("accept", self.accept, ACCEPTS),
            ("dtype", self.dtype, DTYPES),
            ("on_loop", self.on_loop, ON_LOOP),
            ("verify", self.verify, VERIFY),
        ):
            if value not in allowed:
                raise UsageError(f"unknown {name} {value!r}; expected one of: {', '.join(allowed)}")
        for name in ("max_batch", "token_budget", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not self.temperature > 0:
            raise UsageError(f"temperature must be more than 0, not {self.temperature}")
        if self.trade is not None and not self.trade >= 0:
            raise UsageError(f"trade must be 0 or more, not {self.trade}")
