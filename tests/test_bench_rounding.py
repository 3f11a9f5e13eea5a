"""The benchmark of what rounding changes: nothing in float32, whatever the drafts and the batch."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from docspec.bench import rounding
from docspec.bench.rounding import half_wrong, noisy_reader, requests_of, shares


def test_every_fourth_token_of_a_half_wrong_draft_is_the_one_before() -> None:
    """The others stay where they are."""
    assert half_wrong([[1, 2, 3, 4, 5], []]) == [[1, 2, 3, 3, 5], []]


def test_nothing_differs_in_float32() -> None:
    """Batches of generate, and the engine with and without drafts, write the same tokens."""
    loaded = noisy_reader(2, 64, "cpu", "float32")
    found = shares(loaded, requests_of(4), tokens=10, rows=3)
    assert len(found) == 4
    assert not any(found.values())


def test_what_differs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share is that of the sequences with another token."""
    monkeypatch.setattr(rounding, "generated", lambda loaded, requests, tokens, rows: [[1], [rows], [3], [4]])
    monkeypatch.setattr(rounding, "decoded", lambda loaded, requests, tokens, rows, drafts: [[0]] * 4)
    found = shares(cast("Any", None), requests_of(4), tokens=1, rows=8)
    assert found["generate, in batches"] == 0.25
    assert found["docspec, no drafts"] == 1


def test_the_command_prints_both_types(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table, and JSON in the last line."""
    options = ["--sequences", "2", "--tokens", "4", "--layers", "1", "--hidden", "64", "--device", "cpu"]
    monkeypatch.setattr("sys.argv", ["rounding", *options])
    rounding.main()
    printed = capsys.readouterr().out
    assert "bfloat16" in printed
    assert set(json.loads(printed.splitlines()[-1])["differ"]) == {"float32", "bfloat16"}
