"""One continuation chosen of two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from test_cursor import BPE, END

from docspec.drafters.following.contest import Contest
from docspec.drafters.following.cursor import DraftCursor

TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=6)


def test_what_was_right_lately_is_chosen() -> None:
    """Both are compared with what was emitted, so that the one not sent is chosen once it would have done."""
    contest = Contest()
    for _ in range(10):
        contest.choose(1, [1, 2, 3], [7, 8, 9], 1.5)
        contest.settle([7, 8, 9, 4])
    assert contest.choose(1, [1, 2, 3], [7, 8, 9], 1.5) == [7, 8, 9]
    for _ in range(30):
        contest.choose(1, [1, 2, 3], [7, 8, 9], 1.5)
        contest.settle([1, 2, 3, 4])
    assert contest.choose(1, [1, 2, 3], [7, 8, 9], 1.5) == [1, 2, 3]


def test_first_guesses_are_judged_apart_from_later_ones() -> None:
    """A place guessed once may be trusted where one guessed three times is not."""
    contest = Contest()
    for _ in range(10):
        for guesses, emitted in ((1, [1, 2, 3]), (3, [7, 8, 9])):
            contest.choose(guesses, [1, 2, 3], [7, 8, 9], 3.0)
            contest.settle(emitted)
    assert contest.choose(1, [1, 2, 3], [7, 8, 9], 1.5) == [1, 2, 3]
    assert contest.choose(3, [1, 2, 3], [7, 8, 9], 1.5) == [7, 8, 9]


@given(st.lists(st.tuples(st.integers(1, 9), TOKENS, TOKENS, st.floats(0.3, 6), TOKENS)))
def test_one_of_the_two_is_chosen(
    turns: list[tuple[int, list[int], list[int], float, list[int]]],
) -> None:
    """Whatever was seen."""
    contest = Contest()
    for guesses, drafted, echoed, expected, emitted in turns:
        assert contest.choose(guesses, drafted, echoed, expected) in (drafted, echoed)
        contest.settle(emitted)


def test_a_usual_correction_is_part_of_the_one_continuation() -> None:
    """Where the verifier has written otherwise twice, the third time that is proposed at once."""
    parts = [
        "the sum of the squares",
        "a measure of the fit",
        "the lowest point of it",
        "one reading of three",
    ]
    truth, draft = " ~ ".join(parts), " + ".join(parts)
    wanted = [*BPE.encode(truth)[0], END]
    cursor = DraftCursor([draft], BPE, END)
    done, accepted = 0, [0]
    while done < len(wanted):
        window, coming = cursor.propose(64).tokens, wanted[done:]
        right = next((i for i, (a, b) in enumerate(zip(window, coming, strict=False)) if a != b), len(window))
        emitted = coming[: right + 1]
        cursor.advance(emitted)
        done, accepted = done + len(emitted), [*accepted, right]
    assert max(accepted) > len(BPE.encode(f" ~ {parts[3]}")[0])


def test_what_is_marked_up_is_still_the_drafts() -> None:
    """Signs that the draft has not are taken for an addition: the letters that follow are proposed."""
    cursor = DraftCursor(["The method of squares.\n\nAstronomers wished to predict"], BPE, END)
    cursor.advance(BPE.encode("The method of squares.\n\n")[0])
    cursor.propose(8)
    cursor.advance(BPE.encode("-")[0])
    assert "stronomers wished" in BPE.decode(cursor.propose(16).tokens)
