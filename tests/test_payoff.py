"""Drafts that cost a batch more than they save are asked seldom, and again when they pay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docspec.verifiers.payoff import CREDIT, LONGEST_PAUSE, PAUSE, SHARE, TRIAL, Payoff


def run(payoff: Payoff, steps: int, worth: float) -> int:
    """How many of the steps asked, each being worth so much of what it took."""
    asked = 0
    for _ in range(steps):
        if payoff.asks():
            asked += 1
            payoff.record(worth, 1.0, 1.0)
    return asked


@given(st.floats(1.0, 9.0), st.integers(1, 500))
def test_what_pays_is_always_asked(worth: float, steps: int) -> None:
    """Drafts that are worth what they take are asked in each step."""
    assert run(Payoff(), steps, worth) == steps


@given(st.integers(0, 5000))
def test_drafts_that_pay_again_are_asked_again(lost: int) -> None:
    """However long they did not pay; where they did meanwhile, another trial soon follows one in vain."""
    payoff = Payoff()
    run(payoff, lost, 0.5)
    run(payoff, LONGEST_PAUSE + 60, 2.0)
    assert run(payoff, 500, 2.0) == 500
    assert run(payoff, 2 * TRIAL + PAUSE, 0.5) <= 3 * TRIAL
    assert run(payoff, 2 * PAUSE, 2.0) > 0


@given(st.floats(0.0, 0.9), st.floats(0.0, 30.0))
def test_trials_in_vain_take_their_share(worth: float, first: float) -> None:
    """In a long run they lose no more of the time than is allowed, however dear a trial's first step is."""
    payoff, lost = Payoff(), 0.0
    for _ in range(40_000):
        if payoff.asks():
            spent = 1.0 + (first if not payoff.steps else 0.0)
            payoff.record(worth, spent, 1.0)
            lost += spent - worth
    assert lost <= 2 * SHARE * 40_000 + CREDIT


def test_another_batch_begins_anew() -> None:
    """What is new has not been judged: a lone sequence after another is asked at once, one of many later."""
    for rows in (1, 64):
        payoff = Payoff(left=LONGEST_PAUSE)
        payoff.renew(1 / rows)
        assert payoff.asks() == (rows == 1)
