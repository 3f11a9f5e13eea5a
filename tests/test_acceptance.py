"""Acceptance and window length: pure decisions of the decode loop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.following.tree import Tree
from docspec.verifiers.acceptance import Accepted, accept_exact
from docspec.verifiers.window import (
    LONGEST,
    AcceptanceRate,
    HostCost,
    StepCost,
    Window,
    partition,
    window_length,
    worth_proposing,
    worth_sending,
    worth_waiting,
)

TOKENS = st.lists(st.integers(0, 3), max_size=12)


@given(TOKENS, st.data())
def test_exact_emits_the_greedy_tokens(window: list[int], data: st.DataObject) -> None:
    """What is emitted is a prefix of the verifier's choices, one longer than the agreement."""
    size = len(window) + 1
    choices = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    emitted = accept_exact(choices, Tree.chain(window)).tokens
    assert emitted == choices[: len(emitted)]
    assert emitted[:-1] == window[: len(emitted) - 1]
    assert len(emitted) == size or emitted[-1] != window[len(emitted) - 1]


def test_a_path_has_strayed_once_it_is_off_the_main_branch() -> None:
    """The main branch's nodes are the tree's first ones, so that a path's last node tells."""
    tree = Tree.merge([[5], [6]])  # node 0 on the main branch, node 1 beside it
    assert [accept_exact([token, 1, 2], tree).strayed for token in (5, 6, 7)] == [False, True, False]
    assert Accepted([0, 1, 3], []).strayed
    assert not Accepted([0, 1, 2], []).strayed


def test_window_grows_with_acceptance_and_shrinks_with_cost() -> None:
    """A likelier draft earns a longer window, a dearer token a shorter one."""
    assert window_length(0.99, 32e-3, 1e-3, 1) > window_length(0.8, 32e-3, 1e-3, 1) > 0
    assert window_length(0.9, 32e-3, 1e-3, 1) > window_length(0.9, 32e-3, 1e-3, 16)
    assert window_length(0.999999, 1.0, 1e-6, 1) == LONGEST


def test_no_window_for_a_refuted_draft() -> None:
    """A draft that is never right is not sent."""
    rate = AcceptanceRate()
    for _ in range(60):
        rate.update(0, rejected=True)
    assert window_length(rate.value, 32e-3, 1e-3, 4) == 0


def test_proposing_has_to_pay_its_own_time() -> None:
    """Branches go first, then the window, as the host's time for them approaches what they save."""
    cost = (1e-2, 4e-5)
    cheap, dear = HostCost(), HostCost(chain=1e-4, tree=1.0)
    assert all(worth_proposing(0.9, 0.1, *cost, 2, cheap))
    length, branch = worth_proposing(0.9, 0.1, *cost, 2, dear)
    assert (length > 0, branch) == (True, 0)
    assert worth_proposing(0.9, 0.1, *cost, 1, HostCost(chain=1e-3, tree=1e-3))[0] > 0
    assert worth_proposing(0.9, 0.1, *cost, 64, HostCost(chain=1e-2, tree=1e-2)) == (0, 0)


@given(st.floats(1e-6, 1), st.floats(1e-6, 1))
def test_asking_takes_a_small_share_of_the_steps(chain: float, share: float) -> None:
    """A draft whose windows do not pay is asked so seldom that it costs a twentieth."""
    host = HostCost(chain=chain)
    assert chain / (host.pause(share) + 1) <= 0.05 * share * (1 + 1e-9)
    host.record(0.0, branches=False)
    assert host.chain < chain


def test_a_pause_of_the_process_is_not_what_drafts_cost() -> None:
    """A time far beyond the usual one counts as a long one; the first is believed, whatever it is."""
    assert HostCost().usual(0.2) == 0.2
    host = HostCost(chain=1e-3)
    assert host.usual(3e-3) == 3e-3
    assert host.usual(0.2) == pytest.approx(8e-3)


def test_what_was_dear_is_tried_again() -> None:
    """Nobody proposes what does not pay, so that its time would never be measured again."""
    host = HostCost(chain=1e-2, tree=1e-2)
    cost = (0.9, 0.1, 1e-2, 4e-5, 64)
    steps = 0
    while worth_proposing(*cost, host) == (0, 0):
        host.fade(asks=True)
        steps += 1
    assert 50 < steps < 500
    host.record(1e-3, branches=False)
    before = host.chain
    host.fade(asks=True)  # measured in this step
    assert host.chain == before


def test_a_window_waits_where_tokens_are_dear() -> None:
    """A first window waits for a plain step where being wrong costs more than the step, and only there."""
    rate = AcceptanceRate().value
    assert worth_waiting(rate, 80e-3, 8e-3, 16, 60)
    assert not worth_waiting(rate, 80e-3, 8e-3, 1, 60)
    assert not worth_waiting(rate, 25e-3, 4e-5, 16, 60)


def test_rate_recovers() -> None:
    """Agreement seen in plain steps brings windows back."""
    rate = AcceptanceRate()
    for _ in range(60):
        rate.update(0, rejected=True)
    for _ in range(30):
        rate.update(1, rejected=False)
    assert window_length(rate.value, 32e-3, 1e-3, 1) >= 4


@given(st.floats(1e-5, 1), st.floats(1, 1e4))
def test_cost_is_fitted(base: float, width: float) -> None:
    """Passes of different widths give back the line that made them."""
    cost, slope = StepCost(), base / width
    for tokens in [1, 8, 64, 16, 200, 3] * 5:
        cost.record(tokens, base + slope * tokens)
    fitted_base, fitted_slope = cost.line()
    for tokens in (3, 50, 200):
        expected = base + slope * tokens
        assert abs(fitted_base + fitted_slope * tokens - expected) < 0.05 * expected + 0.05 * base


def test_a_lone_token_has_a_cost_of_its_own() -> None:
    """It is not on the line, and costs what the line says until it was seen."""
    cost = StepCost()
    for tokens in (8, 64):
        cost.record(tokens, 0.1 + 0.01 * tokens)
    assert cost.lone == pytest.approx(sum(cost.line()))
    before = cost.line()
    cost.record(1, 0.02)
    assert (cost.lone, cost.line()) == (0.02, before)


def test_a_busy_machine_does_not_end_windows() -> None:
    """Times that say that tokens are all that a pass costs leave a good draft's window one token at least."""
    cost = StepCost()
    for _ in range(20):
        for tokens, seconds in ((2, 0.01), (30, 0.2)):
            cost.record(tokens, seconds)
    base, slope = cost.line()
    assert base >= slope > 0
    assert window_length(0.9, base, slope, rows=1) >= 1


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 10)), max_size=20))
def test_cost_is_positive_whatever_was_measured(passes: list[tuple[int, float]]) -> None:
    """Noise never makes a token free or a pass negative."""
    cost = StepCost()
    for tokens, seconds in passes:
        cost.record(tokens, seconds)
    base, slope = cost.line()
    assert base >= 0
    assert slope >= 0
    window_length(0.9, base, slope, 3)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=7), st.floats(0.001, 1), st.floats(1e-5, 0.01))
def test_partition_covers_every_row_and_no_split_is_cheaper(
    widths: list[int], base: float, slope: float
) -> None:
    """Each row is in one pass, and neither one pass nor a pass a row would take less time."""

    def cost(passes: list[list[int]]) -> float:
        return sum(base + slope * len(rows) * max(widths[row] for row in rows) for rows in passes)

    passes = partition(widths, base, slope)
    assert sorted(row for rows in passes for row in rows) == list(range(len(widths)))
    assert cost(passes) <= cost([list(range(len(widths)))]) + 1e-9
    assert cost(passes) <= cost([[row] for row in range(len(widths))]) + 1e-9


def test_partition_keeps_to_its_limit() -> None:
    """No pass has more places than allowed, a row too long by itself excepted."""
    widths = [10, 900, 10, 200, 210]
    for rows in partition(widths, 1.0, 1e-9, limit=500):
        assert len(rows) == 1 or len(rows) * max(widths[row] for row in rows) <= 500
    assert partition([], 1.0, 1.0) == []


WINDOWS = st.builds(
    Window,
    size=st.integers(0, 40),
    main=st.integers(1, 40),
    rate=st.floats(0.01, 0.98),
    beside=st.floats(0, 2),
    behind=st.integers(0, 3),
).map(lambda one: one._replace(main=min(one.main, one.size)))


@given(st.lists(WINDOWS, min_size=1, max_size=6), st.floats(1e-3, 1), st.floats(1e-5, 1e-1))
def test_what_is_sent_is_worth_more_than_nothing_and_than_all(
    windows: list[Window], base: float, slope: float
) -> None:
    """Tokens for a pass's time, each row at most what it has."""
    cost = StepCost()
    for tokens in (2, 100):
        cost.record(tokens, base + slope * tokens)

    def ratio(sizes: list[int]) -> float:
        tokens = sum(1 + one.run(size) for one, size in zip(windows, sizes, strict=True))
        widths = [1 + one.behind + size for one, size in zip(windows, sizes, strict=True)]
        split = [(len(rows), max(widths[row] for row in rows)) for rows in partition(widths, *cost.line())]
        together = [(len(widths), max(widths))]
        return tokens / min(sum(cost.of(rows * wide) for rows, wide in way) for way in (split, together))

    sizes = worth_sending(windows, cost, lambda tokens, rows: tokens)
    assert all(0 <= size <= one.size for size, one in zip(sizes, windows, strict=True))
    nothing = len(windows) / cost.of(len(windows) * (1 + max(one.behind for one in windows)))
    assert ratio(sizes) >= 0.999 * max(nothing, ratio([one.size for one in windows]))


def test_rows_that_share_a_pass_send_no_more_than_pays() -> None:
    """One row's long window would have seven others padded; alone it is sent whole."""
    cost = StepCost()
    for tokens in (2, 200):
        cost.record(tokens, 1e-2 + 4e-5 * tokens)
    long, short = Window(60, 60, 0.97), Window(5, 5, 0.5)
    assert worth_sending([long], cost, lambda tokens, rows: tokens) == [60]
    sizes = worth_sending([long, *[short] * 7], cost, lambda tokens, rows: tokens)
    assert 5 < sizes[0] < 40
    assert sizes[1:] == [5] * 7
