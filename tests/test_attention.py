"""Queries that share a key and value head, below each other: as with the head repeated for each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import test_tree_exactness
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exactness import CASES
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from docspec.verifiers.attention import GROUPED, grouped, grouped_attention, register


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 20),
    st.booleans(),
)
@settings(deadline=None)
def test_grouped_attention_is_repeated_attention(
    rows: int, heads: int, groups: int, width: int, span: int, added: bool
) -> None:
    """Any shape, with a mask of truth values or of what is added; queries laid out as models have them."""
    torch.manual_seed(width * span)
    query = torch.randn(rows, width, heads * groups, 8).transpose(1, 2)
    key, value = (torch.randn(rows, heads, span + 3, 8)[:, :, :span] for _ in range(2))
    mask = torch.rand(rows, 1, width, span) < 0.7
    mask[..., 0] = True
    if added:
        mask = torch.zeros(mask.shape).masked_fill(~mask, float("-inf"))
    module: Any = SimpleNamespace(num_key_value_groups=groups, is_causal=True)
    found, _ = grouped_attention(module, query, key, value, mask, scaling=0.3, is_causal=True)
    expected, _ = sdpa_attention_forward(module, query, key, value, mask, scaling=0.3)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert found.is_contiguous()


@pytest.mark.parametrize("more", [{"attention_mask": None}, {"position_bias": torch.ones(1, 4, 3, 5)}])
def test_what_a_shared_mask_does_not_say_is_left_to_transformers(more: dict[str, Any]) -> None:
    """Without a mask, or with something besides it, the result is transformers' own."""
    module: Any = SimpleNamespace(num_key_value_groups=2, is_causal=True)
    query, (key, value) = torch.randn(1, 4, 3, 8), torch.randn(2, 1, 2, 5, 8)
    given_ = {"attention_mask": torch.ones(1, 1, 3, 5, dtype=torch.bool)} | more
    found, _ = grouped_attention(module, query, key, value, **given_)
    expected, _ = sdpa_attention_forward(module, query, key, value, **given_)
    assert torch.equal(found, expected)


def test_other_implementations_stay_as_they_are() -> None:
    """Only ``sdpa`` is replaced, and only for a while."""
    for name, within in (("sdpa", GROUPED), ("eager", "eager")):
        config = SimpleNamespace(_attn_implementation=name)
        with grouped(config):
            assert config._attn_implementation == within
        assert config._attn_implementation == name


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", [f for f in dict.fromkeys(f for f, _ in CASES) if f not in test_tree_exactness.CHAINS]
)
def test_families_windows_are_grouped(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No family repeats its keys in a window: its decoder calls the function, and with a shared mask."""
    left: list[int] = []

    def counted(module: Any, query: torch.Tensor, *arguments: Any, **more: Any) -> Any:
        if query.shape[2] > 1:
            left.append(0)
        return grouped_attention(module, query, *arguments, **more)

    def repeated(module: Any, query: torch.Tensor, *arguments: Any, **more: Any) -> Any:
        if query.shape[2] > 1:
            left[-1] = 1
        return sdpa_attention_forward(module, query, *arguments, **more)

    register()  # once: what is put there next stays
    monkeypatch.setitem(AttentionInterface._global_mapping, GROUPED, counted)
    monkeypatch.setattr("transformers.integrations.sdpa_attention.sdpa_attention_forward", repeated)
    test_tree_exactness.check(family, "plain", [3, 14, 15], 2)
    assert left
    assert not any(left)
