"""One continuation chosen of two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from test_cursor import BPE, END

from docspec.drafters.following.contest import Contest, joined
from docspec.drafters.following.cursor import DraftCursor

DRAFTED, ECHOED = [1, 2, 3], [7, 8, 9]
TOKENS = st.lists(st.integers(0, 3), max_size=6)


def better(contest: Contest, guesses: int, drafted: list[int], echoed: list[int], chance: float) -> list[int]:
    """What is chosen, each token of the echo with the same chance."""
    return contest.better(guesses, drafted, iter([(token, chance) for token in echoed]))


def test_what_was_right_lately_is_chosen() -> None:
    """Both are compared with what was emitted, so that the one not sent is chosen once it would have done."""
    contest = Contest()
    for _ in range(10):
        better(contest, 1, DRAFTED, ECHOED, 0.5)
        contest.settle([7, 8, 9, 4])
    assert better(contest, 1, DRAFTED, ECHOED, 0.5)[:3] == ECHOED
    for _ in range(30):
        better(contest, 1, DRAFTED, ECHOED, 0.5)
        contest.settle([1, 2, 3, 4])
    assert better(contest, 1, DRAFTED, ECHOED, 0.5) == DRAFTED


def test_first_guesses_are_judged_apart_from_later_ones() -> None:
    """A place guessed once may be trusted where one guessed three times is not."""
    contest = Contest()
    for _ in range(10):
        for guesses, emitted in ((1, [1, 2, 3]), (3, [7, 8, 9])):
            better(contest, guesses, DRAFTED, ECHOED, 0.5)
            contest.settle(emitted)
    assert better(contest, 1, DRAFTED, ECHOED, 0.5) == DRAFTED
    assert better(contest, 3, DRAFTED, ECHOED, 0.5)[:3] == ECHOED


def test_the_likelier_first_token_counts() -> None:
    """However long the draft is: what an echo is sure of comes first, what it doubts does not."""
    assert better(Contest(), 1, DRAFTED * 20, ECHOED, 0.9)[:3] == ECHOED
    assert better(Contest(), 1, DRAFTED * 20, ECHOED, 0.1) == DRAFTED * 20


def test_no_more_of_an_echo_is_taken_than_is_needed() -> None:
    """Each of its tokens is work: of one that begins as the draft, or is not chosen, only the first."""
    for first, chance in ((1, 0.9), (7, 0.1)):
        echo = iter([(first, chance), (8, chance), (9, chance)])
        assert Contest().better(1, DRAFTED, echo) == DRAFTED
        assert next(echo) == (8, chance)


def test_the_draft_goes_on_where_the_echo_ends() -> None:
    """After what the draft has not, with its next token; after what it has, behind that."""
    assert joined([7, 8], [1, 2, 3]) == [7, 8, 1, 2, 3]
    assert joined([7, 2], [1, 2, 3]) == [7, 2, 3]
    assert joined([7, 1, 2], [2, 5, 1, 2, 3]) == [7, 1, 2, 3]
    assert joined([], [1]) == [1]
    assert better(Contest(), 1, DRAFTED, [7, 2], 0.9) == [7, 2, 3]


@given(TOKENS, TOKENS)
def test_joining_leaves_out_what_comes_first_alone(first: list[int], then: list[int]) -> None:
    """All of what comes first stands there, and then an end of the rest."""
    tokens = joined(first, then)
    assert tokens[: len(first)] == first
    rest = tokens[len(first) :]
    assert rest == then[len(then) - len(rest) :]


@given(st.lists(st.tuples(st.integers(1, 9), TOKENS, TOKENS, st.floats(0.1, 0.99), TOKENS)))
def test_one_of_the_two_is_chosen(
    turns: list[tuple[int, list[int], list[int], float, list[int]]],
) -> None:
    """Whatever was seen."""
    contest = Contest()
    for guesses, drafted, echoed, chance, emitted in turns:
        assert better(contest, guesses, drafted, echoed, chance) in (drafted, joined(echoed, drafted))
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
