"""Fitted numbers, varied: seen by all who use them while they are, and as they were afterwards."""

from __future__ import annotations

import pytest

from docspec.bench.acceptance_cases import Case
from docspec.bench.sensitivity import FOLLOWING, LAYOUT, changed, steps, vary
from docspec.drafters.following import cursor, resync, written
from docspec.drafters.following.written import TAIL

DRAFT = "Speculative decoding drafts many tokens at once and lets a larger model verify them in one pass."


def test_a_number_is_changed_wherever_it_is_used() -> None:
    """Modules that import it from another one see the change too, and all have it back afterwards."""
    modules = [written, resync]
    with changed(modules, "TAIL", TAIL, 7):
        assert [vars(module)["TAIL"] for module in modules] == [7, 7]
    assert [vars(module)["TAIL"] for module in modules] == [TAIL, TAIL]


@pytest.mark.parametrize(
    ("package", "numbers"), [("docspec.drafters.following", FOLLOWING), ("docspec.layout", LAYOUT)]
)
def test_every_number_exists(package: str, numbers: dict[str, tuple[str, ...]]) -> None:
    """Each is halved and doubled once, whole ones stay whole."""
    measured: list[float] = []

    def measure() -> float:
        measured.append(0.0)
        return float(len(measured))

    rows = list(vary(package, numbers, measure))
    assert len(rows) == sum(map(len, numbers.values()))
    assert [(row.half, row.double) for row in rows] == [(2.0 * i + 1, 2.0 * i + 2) for i in range(len(rows))]


def test_steps_depend_on_the_numbers() -> None:
    """What is measured is the real following: without branches beside the main one it takes longer."""
    truth = DRAFT.replace("tokens", "of the tokens").replace("larger", "large").replace("one pass", "a pass")
    measure = steps([Case("page", "english", truth, DRAFT)])
    usual = measure()
    with changed([cursor], "_SIDES", vars(cursor)["_SIDES"], 0):
        assert measure() > usual
    assert measure() == usual
