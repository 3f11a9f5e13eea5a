"""Runaway repetition: what counts as a loop, what never does, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.verifiers.runaway import BOUND, EAGER, LONGEST_PERIOD, PATIENT, Repetition, RunawayGuard

TOKENS = st.lists(st.integers(0, 5), max_size=40)
PERIODS = st.lists(st.integers(0, 5), min_size=1, max_size=LONGEST_PERIOD)


def pushed(tokens: Sequence[int], drafts: Sequence[Sequence[int]] = ()) -> tuple[RunawayGuard, int]:
    """A guard that saw ``tokens`` until it tripped, and how many that were."""
    guard = RunawayGuard(lambda: drafts)
    for count, token in enumerate(tokens, start=1):
        if guard.push(token):
            return guard, count
    return guard, len(tokens)


@given(TOKENS, PERIODS)
@settings(deadline=None)
def test_every_loop_is_caught_in_bounded_time(before: list[int], period: list[int]) -> None:
    """Whatever comes first, a loop ends within 2048 of its tokens, and one period of it is kept."""
    longest = max(PATIENT[0] * len(period), PATIENT[1])
    output = before + period * (longest // len(period) + 2)
    guard, count = pushed(output)
    assert guard.found is not None
    assert count <= len(before) + longest + 1
    assert guard.found.period <= len(period)
    kept = output[: guard.found.kept]
    assert len(kept) <= len(before) + len(period)
    loop = kept[-guard.found.period :]
    repeats = (count - len(kept)) // guard.found.period + 1
    assert (kept + loop * repeats)[:count] == output[:count]


@given(TOKENS, PERIODS, st.integers(0, 300))
@settings(deadline=None, max_examples=50)
def test_a_loop_ends_sooner_once_the_draft_explains_no_more(
    before: list[int], period: list[int], drafted: int
) -> None:
    """Beyond twice the draft a loop needs fewer repeats."""
    longest = max(EAGER[0] * len(period), EAGER[1])
    allowed = 2 * drafted + 256
    output = before + period * 4000
    guard, count = pushed(output, [list(range(100, 101 + drafted))])
    assert guard.found is not None
    assert count <= max(allowed + 3, len(before) + longest + 1)


def thue_morse(size: int) -> list[int]:
    """Two symbols, and never the same thing three times in a row."""
    return [bin(place).count("1") % 2 for place in range(size)]


@pytest.mark.parametrize("scale", [1, 2, 8])
def test_text_without_repetition_never_trips(scale: int) -> None:
    """Squares are not loops: a sequence of two symbols without cubes passes at any length."""
    guard, _ = pushed([symbol for symbol in thue_morse(6000) for _ in range(scale)])
    assert guard.found is None
    assert not guard.at_limit()


@given(st.lists(st.integers(0, 2), max_size=EAGER[1] - 1))
@settings(deadline=None)
def test_short_output_never_trips(tokens: list[int]) -> None:
    """Nothing shorter than the least loop counts, so short outputs are what they would be without a guard."""
    guard, _ = pushed(tokens, [[1]])
    assert guard.found is None
    assert not guard.at_limit()


def table(rows: int, columns: int) -> list[int]:
    """An HTML table of empty cells, five tokens a cell, as a byte-pair tokenizer might write it."""
    cell, open_row, close_row = [10, 11, 12, 13, 14], [1, 2, 3], [4, 5, 6]
    return [7, 8, *(open_row + cell * columns + close_row) * rows, 9, 8]


def contents(lines: int, dots: int) -> list[int]:
    """A table of contents with dotted leaders, a token a dot."""
    return [t for line in range(lines) for t in [100 + line, 101 + line, *[1] * dots, 200 + line, 2]]


LEGITIMATE = {
    "an empty form": table(25, 8),
    "a wide empty row": table(1, 40),
    "many short rows": table(60, 2),
    "dotted leaders": contents(60, 120),
    "a ruled line": [1, 2, *[3] * 800, 4],
    "code": [t for line in range(100) for t in [*[1] * 12, 2, 3, line + 50, 4, 5, 6]],
    "zeros in a matrix": [t for row in range(30) for t in [*[1, 2] * 30, 50 + row, 3]],
}


@pytest.mark.parametrize("name", LEGITIMATE)
@pytest.mark.parametrize("drafted", ["no draft", "half", "whole"])
def test_what_documents_repeat_is_no_loop(name: str, drafted: str) -> None:
    """Tables, leaders and code pass where there is no draft, or one that explains their length."""
    output = LEGITIMATE[name]
    drafts = {"no draft": [], "half": [list(range(len(output) // 2))], "whole": [output]}[drafted]
    guard, _ = pushed(output, drafts)
    assert guard.found is None


def test_what_the_draft_repeats_is_no_loop() -> None:
    """An empty form that the draft has as well may be as long as it is there, and half as long again."""
    form = table(80, 6)
    assert pushed(form)[0].found is not None
    assert pushed(form, [[1, 2, 3], form])[0].found is None
    assert pushed(table(110, 6), [form])[0].found is None
    assert pushed(table(300, 6), [form])[0].found is not None


def test_output_far_beyond_the_draft_is_degenerate() -> None:
    """Counting on for ever repeats nothing, but passes the bound that the draft sets; then all is kept."""
    output = list(range(20000))
    guard, count = pushed(output, [[1] * 10])
    assert guard.found is not None
    assert (guard.found.kept, guard.found.period, count) == (count, 0, BOUND[0] * 10 + BOUND[1] + 1)
    assert "more than the draft" in guard.found.reason
    assert pushed(output)[0].found is None


def test_at_its_limit_an_output_needs_fewer_repeats() -> None:
    """An output that was cut off in a loop is degenerate, though a little more might have ended it."""
    guard, _ = pushed([*range(100, 200), *[1, 2, 3] * 90])
    assert guard.found is None
    assert guard.at_limit()
    assert guard.found is not None
    assert (guard.found.kept, guard.found.reason) == (103, "runaway repetition: 3 token(s) 90 times over")


def test_drafts_are_only_asked_for_when_needed() -> None:
    """An ordinary output never has its drafts tokenized for the guard, a suspicious one once."""
    calls = []

    def drafts() -> list[list[int]]:
        calls.append(1)
        return [[1, 2]]

    guard = RunawayGuard(drafts)
    for token in range(300):
        guard.push(token)
    assert not calls
    for _ in range(400):
        guard.push(7)
    assert len(calls) == 1
    assert guard.found is not None


@given(st.lists(st.integers(0, 3), max_size=100))
@settings(deadline=None)
def test_repetition_equals_its_definition(tokens: list[int]) -> None:
    """Each tracked run is the longest suffix in which every token equals the one a period before."""
    seen = Repetition()
    for size, token in enumerate(tokens, start=1):
        seen.push(token)
        for period in range(1, LONGEST_PERIOD + 1):
            start = size
            while start > period and tokens[start - 1] == tokens[start - 1 - period]:
                start -= 1
            assert seen.starts.get(period, size) == start
