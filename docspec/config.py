"""One validated, frozen configuration, passed down from the command line or the Python API."""

from __future__ import annotations

from dataclasses import dataclass

from docspec.errors import UsageError

MODES = ("auto", "region")
ACCEPTS = ("auto", "exact", "fused")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Config:
    """What a parse does. Raises UsageError on a value that cannot be used.

    ``verifier`` is a registered name, a folder with a checkpoint, or a hub name. ``max_batch`` bounds the
    active sequences, ``token_budget`` the cached tokens over all of them. ``trade`` is lambda of fused
    acceptance: 0 is exact, infinity takes every draft.
    """

    verifier: str = "mini"
    drafter: str = "auto"
    detector: str = "pymupdf"
    mode: str = "auto"
    accept: str = "auto"
    trade: float | None = None
    device: str = "auto"
    dtype: str = "auto"
    pages: str | None = None
    password: str | None = None
    keep_headers: bool = False
    images: bool = False
    max_batch: int = 16
    token_budget: int = 65536
    max_new_tokens: int = 4096
    offline: bool = False

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("mode", self.mode, MODES),
            ("accept", self.accept, ACCEPTS),
            ("dtype", self.dtype, DTYPES),
        ):
            if value not in allowed:
                raise UsageError(f"unknown {name} {value!r}; expected one of: {', '.join(allowed)}")
        for name in ("max_batch", "token_budget", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.trade is not None and not self.trade >= 0:
            raise UsageError(f"trade must be 0 or more, not {self.trade}")
