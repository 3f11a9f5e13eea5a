"""Drafts that cost a batch more than they save are asked seldom, and again when they pay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docspec.verifiers.payoff import LONGEST_PAUSE, PAUSE, TRIAL, Payoff


def run(payoff: Payoff, steps: int, worth: float) -> int:
    """How many of the steps asked, each being worth so much of what it took."""
    asked = 0
    for _ in range(steps):
        if payoff.asks():
            asked += 1
            payoff.record(worth, 1.0)
    return asked


@given(st.floats(1.0, 9.0), st.integers(1, 500))
def test_what_pays_is_always_asked(worth: float, steps: int) -> None:
    """Drafts that are worth what they take are asked in each step."""
    assert run(Payoff(), steps, worth) == steps


@given(st.floats(0.0, 0.9))
def test_what_does_not_pay_costs_little(worth: float) -> None:
    """In a long run not one step in forty asks them."""
    steps = 20_000
    assert run(Payoff(), steps, worth) < steps / 40


@given(st.integers(0, 5000))
def test_drafts_that_pay_again_are_asked_again(lost: int) -> None:
    """However long they did not pay; the next pause is then a short one again."""
    payoff = Payoff()
    run(payoff, lost, 0.5)
    run(payoff, LONGEST_PAUSE + 60, 2.0)
    assert run(payoff, 500, 2.0) == 500
    while payoff.asks():
        payoff.record(0.0, 1.0)
    assert run(payoff, PAUSE + TRIAL, 2.0) > TRIAL


def test_another_batch_begins_anew() -> None:
    """What is new has not been judged: a lone sequence after another is asked at once, one of many later."""
    for rows in (1, 64):
        payoff = Payoff()
        run(payoff, 5000, 0.5)
        while payoff.left < LONGEST_PAUSE // 2:
            run(payoff, 1, 0.5)
        payoff.renew(1 / rows)
        assert payoff.asks() == (rows == 1)
