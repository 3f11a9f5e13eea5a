"""Attention of a verify pass as Triton kernels: no mask in memory, and no place of a cache that a row lacks.

The softmax is computed piece by piece (FlashAttention-2, Dao 2023, arXiv 2307.08691). The few queries of a
pass would keep a fraction of a device busy, so that the keys of each row are split among several programs,
whose results are weighed together (Flash-Decoding, Dao et al. 2023); the query heads that share a key head
stand below each other in one program. Which keys of the pass itself a query sees is told by its place and
their ends (docspec.verifiers.columns). How many places a row has is read on the device: a recorded pass looks
at no more of them, whatever it was recorded for.
"""

from __future__ import annotations

import math
from functools import cache

import torch
import triton
import triton.language as tl

# as few variants as can be: each takes seconds to be compiled, once on a machine
VARYING = ("targets", "ends", "width", "capacity", "splits")
QUERIES = 64  # of a tile
MOST_SPLITS = 32  # programs among which the keys of one row are split
LEAST_KEYS = 128  # of a program, where a row has so many
WAVES = 2  # programs for each of a device's processors


@triton.jit  # type: ignore[untyped-decorator]
def _add(  # type: ignore[no-untyped-def]
    asked, k, v, seen, top, total, found, scale, MASKED: tl.constexpr, IEEE: tl.constexpr
):
    """A tile of queries' highest score, sum of weights and weighed values, with some more keys; all keys are
    ``seen`` where not ``MASKED``."""
    precision: tl.constexpr = "ieee" if IEEE else "tf32"
    score = tl.dot(asked, k, input_precision=precision) * scale
    if MASKED:
        score = tl.where(seen, score, float("-inf"))
    higher = tl.maximum(top, tl.max(score, 1))
    base = tl.where(higher == float("-inf"), 0.0, higher)  # nothing seen so far
    weight = tl.exp2(score - base[:, None])
    less = tl.exp2(top - base)
    found = found * less[:, None] + tl.dot(weight.to(v.dtype), v, input_precision=precision)
    return higher, total * less + tl.sum(weight, 1), found


@triton.jit(do_not_specialize=VARYING)  # type: ignore[untyped-decorator]
def _attend(  # type: ignore[no-untyped-def]
    query,
    key,
    value,
    targets,
    ends,
    parts,
    sums,
    tops,
    scale,
    width,
    capacity,
    splits,
    heads,
    shared,
    query_row,
    query_head,
    query_column,
    key_row,
    key_head,
    key_place,
    value_row,
    value_head,
    value_place,
    size,
    value_size,
    IEEE: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    SIZE: tl.constexpr,
    VALUE_SIZE: tl.constexpr,
):
    """One tile of queries of a row and key head, over the keys of one split."""
    row, head = tl.program_id(1) // shared, tl.program_id(1) % shared
    split = tl.program_id(2)
    groups = heads // shared
    below = tl.program_id(0) * QUERIES + tl.arange(0, QUERIES)
    known = below < groups * width
    column = below % width
    query_at = head * groups + below // width
    axis, value_axis = tl.arange(0, SIZE), tl.arange(0, VALUE_SIZE)
    asked = tl.load(
        query
        + row.to(tl.int64) * query_row
        + query_at[:, None].to(tl.int64) * query_head
        + column[:, None].to(tl.int64) * query_column
        + axis[None, :],
        mask=known[:, None] & (axis[None, :] < size),
        other=0.0,
    )
    place = tl.load(targets + row * width + column, mask=known, other=0).to(tl.int32)
    last = tl.load(targets + row * width + width - 1).to(tl.int32)
    length = tl.where(last < capacity, last + 1, 0)  # a row that pads the pass has no places
    own = length - width  # the place of the pass's first column, before it those that all may see
    pieces = tl.cdiv(tl.cdiv(length, KEYS), splits)
    begin = split * pieces * KEYS
    end = tl.minimum(begin + pieces * KEYS, length)
    seen_by_all = tl.maximum(begin, tl.minimum(end, tl.maximum(own, 0) // KEYS * KEYS))

    top = tl.full([QUERIES], float("-inf"), tl.float32)
    total = tl.zeros([QUERIES], tl.float32)
    found = tl.zeros([QUERIES, VALUE_SIZE], tl.float32)
    keys = key + row.to(tl.int64) * key_row + head.to(tl.int64) * key_head + axis[:, None]
    values = value + row.to(tl.int64) * value_row + head.to(tl.int64) * value_head + value_axis[None, :]
    for start in range(begin, seen_by_all, KEYS):
        at = start + tl.arange(0, KEYS)
        there = at < end
        k = tl.load(keys + at[None, :].to(tl.int64) * key_place, mask=axis[:, None] < size, other=0.0)
        v = tl.load(
            values + at[:, None].to(tl.int64) * value_place, mask=value_axis[None, :] < value_size, other=0.0
        )
        top, total, found = _add(asked, k, v, there[None, :], top, total, found, scale, False, IEEE)
    for start in range(seen_by_all, end, KEYS):
        at = start + tl.arange(0, KEYS)
        there = at < end
        k = tl.load(
            keys + at[None, :].to(tl.int64) * key_place,
            mask=there[None, :] & (axis[:, None] < size),
            other=0.0,
        )
        v = tl.load(
            values + at[:, None].to(tl.int64) * value_place,
            mask=there[:, None] & (value_axis[None, :] < value_size),
            other=0.0,
        )
        ending = tl.load(ends + row * width + at - own, mask=there & (at >= own), other=0x7FFFFFFF)
        seen = there[None, :] & (at[None, :] <= place[:, None]) & (place[:, None] < ending[None, :])
        top, total, found = _add(asked, k, v, seen, top, total, found, scale, True, IEEE)

    line = (row * width + column) * heads + query_at  # of [rows, width, heads]
    written = known[:, None] & (value_axis[None, :] < value_size)
    part = line.to(tl.int64) * splits + split
    tl.store(parts + part[:, None] * value_size + value_axis[None, :], found, mask=written)
    tl.store(sums + part, total, mask=known)
    tl.store(tops + part, top, mask=known)


@triton.jit(do_not_specialize=VARYING)  # type: ignore[untyped-decorator]
def _weigh(  # type: ignore[no-untyped-def]
    parts, sums, tops, output, splits, value_size, MOST: tl.constexpr, VALUE_SIZE: tl.constexpr
):
    """One query's results from its splits."""
    line = tl.program_id(0).to(tl.int64)
    split, axis = tl.arange(0, MOST), tl.arange(0, VALUE_SIZE)
    made = split < splits
    top = tl.load(tops + line * splits + split, mask=made, other=float("-inf"))
    highest = tl.max(top, 0)
    share = tl.exp2(top - tl.where(highest == float("-inf"), 0.0, highest))
    total = tl.sum(share * tl.load(sums + line * splits + split, mask=made, other=0.0), 0)
    part = tl.load(
        parts + (line * splits + split[:, None]) * value_size + axis[None, :],
        mask=made[:, None] & (axis[None, :] < value_size),
        other=0.0,
    )
    found = tl.sum(part * share[:, None], 0) / tl.where(total == 0.0, 1.0, total)
    tl.store(output + line * value_size + axis, found.to(output.dtype.element_ty), mask=axis < value_size)


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    targets: torch.Tensor,
    ends: torch.Tensor,
    capacity: int,
    scaling: float,
) -> torch.Tensor:
    """Attention of ``query`` [n, H, Q, D] to the places of a cache, ``key`` [n, H / g, S, D] and ``value``
    [n, H / g, S, E]: [n, Q, H, E].

    The query in column q of row i is at place ``targets[i, q]`` [n, Q], int64; a row's own columns are its
    last ones, and what pads it is at place ``capacity``. It sees the places up to its own, of the pass's own
    columns those whose ``ends`` [n, Q], int64, are beyond it. What padding gives is finite.
    """
    (rows, heads, width, size), shared, value_size = query.shape, key.shape[1], value.shape[3]
    tiles = triton.cdiv(heads // shared * width, QUERIES)
    splits = _splits(tiles * rows * shared, key.shape[2], query.device)
    output = query.new_empty(rows, width, heads, value_size)
    count = rows * width * heads * splits
    parts, sums, tops = (torch.empty(count * each, device=query.device) for each in (value_size, 1, 1))
    full = query.dtype == torch.float32
    broad = max(size, value_size) > 128
    _attend[tiles, rows * shared, splits](
        query,
        key,
        value,
        targets,
        ends,
        parts,
        sums,
        tops,
        scaling / math.log(2),
        width,
        capacity,
        splits,
        heads,
        shared,
        *query.stride()[:3],
        *key.stride()[:3],
        *value.stride()[:3],
        size,
        value_size,
        IEEE=full,
        QUERIES=QUERIES,
        KEYS=32 if full or broad else 64,
        SIZE=max(16, triton.next_power_of_2(size)),
        VALUE_SIZE=max(16, triton.next_power_of_2(value_size)),
        num_warps=4,
        num_stages=1 if full else 2,
    )
    _weigh[(rows * width * heads,)](
        *(parts, sums, tops, output, splits, value_size),
        MOST=MOST_SPLITS,
        VALUE_SIZE=triton.next_power_of_2(value_size),
    )
    return output


def _splits(programs: int, places: int, device: torch.device) -> int:
    """Among how many programs the keys of each row are split, a power of two."""
    wanted = min(WAVES * _processors(device) // programs, places // LEAST_KEYS, MOST_SPLITS)
    return 1 << max(wanted, 1).bit_length() - 1


@cache
def _processors(device: torch.device) -> int:
    if device.type != "cuda":
        return 4  # interpreted
    return torch.cuda.get_device_properties(device).multi_processor_count
