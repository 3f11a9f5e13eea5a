"""Proposals from the output's own repetitions."""

from __future__ import annotations

from docspec.drafters.echo import Echo


def test_what_followed_before_is_proposed_again() -> None:
    """After a run of tokens that was there already, its continuation; the last one, not the first."""
    echo = Echo()
    echo.extend([1, 2, 3, 4, 5, 9, 2, 3, 4, 7, 8, 2, 3])
    assert echo.propose(3) == [[4, 7, 8]]
    assert echo.propose(0) == []


def test_new_text_has_no_echo() -> None:
    """No run was there before, or the output is too short for one."""
    echo = Echo()
    assert echo.propose(5) == []
    echo.extend([1])
    assert echo.propose(5) == []
    echo.extend([2, 3, 4])
    assert echo.propose(5) == []


def test_echoes_that_are_always_wrong_pause() -> None:
    """So that they cost little where nothing repeats usefully."""
    echo = Echo()
    proposed = 0
    for step in range(200):
        echo.extend([1, 2, 100 + step])
        echo.extend([1, 2])
        proposed += bool(echo.propose(4))
    assert 0 < proposed < 100


def test_other_continuations_differ_from_the_first_token_on() -> None:
    """The latest after the longest run comes first, then others, each with a beginning of its own."""
    echo = Echo()
    echo.extend([1, 2, 3, 5, 0, 2, 3, 6, 0, 3, 6, 0, 3, 7, 0, 1, 2, 3])
    assert echo.propose(2, count=4) == [[5, 0], [6, 0], [7, 0]]
    assert echo.propose(2, count=2) == [[5, 0], [6, 0]]
