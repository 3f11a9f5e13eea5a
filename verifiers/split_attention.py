"""Whether a model's verify passes can do without a mask in memory, by docspec.verifiers.split_kernels.

A model's own code calls attention. So the first pass of a verifier is made as any other and watched: if each
layer has attention look at its keys by the pass's mask as it is and nothing else, and the kernel gives what
torch gives, there and in passes of other sizes, then the layers of all later passes are given the kernel, and
a stand-in for a mask that is never looked at.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import torch
from torch.nn.functional import scaled_dot_product_attention

WIDEST = 256  # sizes of a head up to which a tile of keys fits a processor's memory
OFF = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 4e-2}  # of the largest value, rounding
PASSES = ((1, 1, 1500), (2, 40, 100))  # rows, columns and places of those that the kernel is tried on

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sight:
    """What the queries of a pass see: see split_kernels.attend."""

    targets: torch.Tensor
    ends: torch.Tensor
    capacity: int


@dataclass(slots=True)
class Trial:
    """A pass that is watched: how many of its layers attended by its ``mask`` alone, and how many by more.

    ``agrees`` says whether the kernel gave what torch did in the first of them, None if none did.
    """

    sight: Sight
    mask: torch.Tensor
    plain: int = 0
    others: int = 0
    agrees: bool | None = None

    def watch(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
        scaling: float,
        found: torch.Tensor,
    ) -> None:
        """A layer ``found`` [n, Q, H, D], by no more than a ``mask`` unless that is None."""
        if mask is not self.mask or not _fit(query, key, value):
            self.others += 1
            return
        self.plain += 1
        if self.agrees is None:
            self.agrees = self._agrees(query, key, value, scaling, found)

    def passed(self, layers: int) -> bool:
        """Whether all ``layers`` can do with the kernel."""
        return bool(self.agrees) and self.plain == layers and not self.others

    def _agrees(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scaling: float,
        wanted: torch.Tensor,
    ) -> bool:
        try:
            found = split_attention(self.sight, query, key, value, scaling)
            off = _off(found, wanted, self.sight)
            for sizes in PASSES:
                off = max(off, _off_at_random(query, key, value, *sizes))
        except Exception as error:  # noqa: BLE001 no compiler, a device that is too old, whatever it is
            log.warning("attention is torch's: its own kernel failed (%s: %s)", type(error).__name__, error)
            return False
        if off <= OFF[query.dtype]:
            return True
        log.warning("attention is torch's: its own kernel gives something else, off by %.2g", off)
        return False


def _off(found: torch.Tensor, wanted: torch.Tensor, sight: Sight) -> float:
    """How far ``found`` [n, Q, H, D] is off anywhere but in padding, as a share of the largest value."""
    real = (sight.targets < sight.capacity)[..., None, None]
    return float(((found - wanted) * real).abs().max() / (wanted * real).abs().max())


def _off_at_random(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rows: int, width: int, places: int
) -> float:
    """The same of a random pass of that many ``rows``, columns and places, with heads as those given have."""
    chance = torch.Generator(query.device).manual_seed(0)

    def drawn(like: torch.Tensor, count: int) -> torch.Tensor:
        size = rows, like.shape[1], count, like.shape[3]
        return torch.randn(size, generator=chance, dtype=like.dtype, device=like.device)

    asked, keys, values = drawn(query, width), drawn(key, places), drawn(value, places)
    at = torch.arange(places - width, places, device=query.device).expand(rows, width).contiguous()
    ends = at + 1 + torch.arange(width, device=query.device) % 3  # what each sees of its own pass differs
    ends[:, 0] = places
    everywhere = torch.arange(places, device=query.device)
    last = torch.full((rows, places - width), places, device=query.device)
    seen = (everywhere <= at[..., None]) & (at[..., None] < torch.cat([last, ends], 1)[:, None])
    groups = query.shape[1] // key.shape[1]
    repeated = keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1)
    wanted = scaled_dot_product_attention(asked, *repeated, seen[:, None]).transpose(1, 2)
    sight = Sight(at, ends, places)
    return _off(split_attention(sight, asked, keys, values, asked.shape[3] ** -0.5), wanted, sight)


@cache
def kernels() -> ModuleType | None:
    """The kernels, if there is a Triton to compile them."""
    try:
        from docspec.verifiers import split_kernels
    except ImportError:
        return None
    return split_kernels


def split_attention(
    sight: Sight, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
) -> torch.Tensor:
    """Attention of ``query`` [n, H, Q, D] to ``key`` and ``value`` [n, H / g, S, D]: [n, Q, H, D]."""
    made = kernels()
    assert made is not None
    found: torch.Tensor = made.attend(query, key, value, sight.targets, sight.ends, sight.capacity, scaling)
    return found


def _fit(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> bool:
    """Whether the kernel can take them."""
    given: tuple[torch.Tensor, ...] = (query, key, value)
    return (
        query.dtype in OFF
        and all(one.dtype == query.dtype and one.stride(-1) == 1 and one.shape[-1] <= WIDEST for one in given)
        and query.shape[1] % key.shape[1] == 0
        and query.shape[0] == key.shape[0] == value.shape[0]
        and key.shape[1:3] == value.shape[1:3]
    )


def worth_trying(device: torch.device) -> bool:
    """Whether passes on ``device`` may do with the kernel."""
    return device.type == "cuda" and torch.version.hip is None and kernels() is not None
