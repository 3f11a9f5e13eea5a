"""Sampled acceptance: the output is distributed as the verifier's own samples, whatever is drafted."""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence as Seq
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_decoder import VOCABULARY, LetterCodec, sequence, tiny_decoder

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.verifiers import sampling
from docspec.verifiers.acceptance import accept_exact, accept_sampled
from docspec.verifiers.engine import Engine
from docspec.verifiers.processors import prefixed, sampling_processors
from docspec.verifiers.runner import Runner
from docspec.verifiers.sampling import Sampled, chances, draw

CHANCES = st.integers(0, 2**52 - 1).map(lambda number: number * 2.0**-52)
TREES = st.lists(st.lists(st.integers(0, 4), max_size=5), max_size=4).map(Tree.merge)
SURE = 5.0  # standard deviations of the chi-square statistic from its mean that no fair draw shows


def deviation(counts: Mapping[Any, int], expected: Mapping[Any, float]) -> float:
    """How far observed counts are from what they should be: Pearson's statistic in standard deviations.

    ``expected`` are probabilities; those that make less than five draws are taken together.
    """
    total = sum(counts.values())
    assert set(counts) <= {outcome for outcome, chance in expected.items() if chance > 0}
    cells: list[tuple[float, float]] = []
    rare = (0.0, 0.0)
    for outcome, chance in expected.items():
        cell = (float(counts.get(outcome, 0)), chance * total)
        if cell[1] < 5:
            rare = (rare[0] + cell[0], rare[1] + cell[1])
        else:
            cells.append(cell)
    cells += [rare] if rare[1] >= 5 else []
    freedom = len(cells) - 1
    assert freedom >= 2
    statistic = sum((seen - wanted) ** 2 / wanted for seen, wanted in cells)
    return float((statistic - freedom) / (2 * freedom) ** 0.5)


NEXT = {  # a verifier of three tokens: what it thinks of the next one after each output
    (): [0.5, 0.3, 0.2],
    (0,): [0.1, 0.1, 0.8],
    (1,): [0.0, 1.0, 0.0],
    (2,): [0.6, 0.4, 0.0],
}
JOINT = {(a, b): NEXT[()][a] * NEXT[(a,)][b] for a in range(3) for b in range(3)}


def decoded(key: int, tree: Tree, draws: int) -> tuple[int, ...]:
    """The first two tokens of one sequence of the verifier NEXT, ``tree`` drafted at its start."""
    output: list[int] = []
    while len(output) < 2:
        step = tree if not output else Tree.chain([])
        places = [NEXT[tuple(output)], *(NEXT[path][:] for path in paths(step))]
        accepted = accept_sampled(places, step, chances(draws, key, len(output), 3))
        output += accepted.tokens
    return tuple(output[:2])


def paths(tree: Tree) -> list[tuple[int, ...]]:
    """The tokens down to each node, no more than one of them, since NEXT looks back only so far."""
    return [(token,) for token in tree.tokens]


@pytest.mark.parametrize(
    "drafts", [[], [[0]], [[1, 1]], [[2, 2]], [[0, 2], [1, 0], [2]]], ids=["none", "0", "11", "22", "tree"]
)
def test_two_tokens_are_distributed_as_the_verifier_says(drafts: list[list[int]]) -> None:
    """Chi-square of 4000 pairs against their enumeration, for good, bad and branching drafts."""
    tree = Tree.merge(drafts)
    counts = Counter(decoded(key, tree, draws=1) for key in range(4000))
    assert deviation(counts, JOINT) < SURE


def test_a_biased_rule_would_be_noticed() -> None:
    """Drawing anew from all of p after a rejection, the classic mistake, fails the same test."""
    counts: Counter[tuple[int, ...]] = Counter()
    for key in range(4000):
        first, second, third = chances(2, key, 0, 3)
        token = 0 if first < NEXT[()][0] else draw(torch.tensor([NEXT[()]]).log(), [second])[0]
        counts[token, draw(torch.tensor([NEXT[(token,)]]).log(), [third])[0]] += 1
    assert deviation(counts, JOINT) > SURE


@given(TREES, st.data())
@settings(deadline=None)
def test_emits_a_path_of_the_tree_and_one_token_more(tree: Tree, data: st.DataObject) -> None:
    """A draft token of probability 1 is always accepted, one of probability 0 never."""
    weights = st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5]), min_size=5, max_size=5).filter(any)
    places = [data.draw(weights) for _ in range(len(tree) + 1)]
    accepted = accept_sampled(places, tree, data.draw(st.lists(CHANCES, min_size=6, max_size=6)))
    assert [tree.tokens[node] for node in accepted.nodes] == accepted.tokens[:-1]
    for place, token in zip([0, *(node + 1 for node in accepted.nodes)], accepted.tokens, strict=True):
        assert places[place][token] > 0
    last = accepted.nodes[-1] + 1 if accepted.nodes else 0
    child = tree.first_child(last)
    while child is not None:
        assert places[last][tree.tokens[child]] < sum(places[last])
        child = tree.sibling(child)


@given(st.lists(st.integers(0, 3), max_size=8), st.data())
@settings(deadline=None)
def test_certain_probabilities_are_exact_acceptance(window: list[int], data: st.DataObject) -> None:
    """Where the verifier has no doubt, sampling is greedy."""
    tree = Tree.chain(window)
    size = len(window) + 1
    choices = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    places = [[float(token == choice) for token in range(4)] for choice in choices]
    numbers = data.draw(st.lists(CHANCES, min_size=size, max_size=size))
    assert accept_sampled(places, tree, numbers) == accept_exact(choices, tree)


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=9), st.lists(CHANCES, min_size=1, max_size=3))
@settings(deadline=None)
def test_drawing_from_logits_is_drawing_from_their_softmax(values: list[float], numbers: list[float]) -> None:
    """The tensors' way and the plain one agree, up to a chance on the very edge of two tokens' shares."""
    logits = torch.tensor(values, dtype=torch.float64)
    probabilities = logits.softmax(0).tolist()
    for number, token in zip(numbers, draw(logits.expand(len(numbers), -1), numbers), strict=True):
        before = sum(probabilities[:token])
        assert before - 1e-12 <= number <= before + probabilities[token] + 1e-12
        [plain] = accept_sampled([probabilities], Tree.chain([]), [number]).tokens
        assert plain == token or abs(sum(probabilities[: max(plain, token)]) - number) < 1e-12


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=9, unique=True), CHANCES)
@settings(deadline=None)
def test_low_temperature_is_greedy(values: list[float], number: float) -> None:
    """As the temperature goes to 0, what is drawn is the likeliest token."""
    logits = torch.tensor([values], dtype=torch.float64)
    best = logits.topk(2).values[0]
    temperature = float(best[0] - best[1]) / 800
    if temperature > 0:
        assert draw(logits / temperature, [number]) == [int(logits.argmax())]


def test_excluded_tokens_are_never_drawn() -> None:
    """Not even with the smallest and the largest chances there are."""
    logits = torch.full((2, 1000), -torch.inf)
    logits[:, 400:403] = 0.0
    assert draw(logits, [0.0, 1 - 2.0**-52]) == [400, 402]


def test_what_is_not_a_number_is_an_error() -> None:
    """NaN logits have no distribution."""
    with pytest.raises(ModelError, match="float32"):
        draw(torch.full((1, 5), torch.nan), [0.3])


@given(st.integers(0, 2**70), st.integers(0, 50), st.integers(1, 9), st.integers(0, 5))
@settings(deadline=None)
def test_chances_do_not_depend_on_the_cut(seed: int, first: int, count: int, skip: int) -> None:
    """A place has its chance, however many are asked for at once."""
    key = ("document", 3)
    assert chances(seed, key, first, skip + count)[skip:] == chances(seed, key, first + skip, count)


def test_chances_are_even_and_apart() -> None:
    """Even over [0, 1) within a sequence and across keys and seeds, which share none."""
    ways = [
        chances(0, "a", 0, 4000),
        [chances(0, key, 0, 1)[0] for key in range(4000)],
        [chances(seed, "a", 0, 1)[0] for seed in range(4000)],
    ]
    for numbers in ways:
        assert len(set(numbers)) == 4000
        counts = Counter(int(number * 20) for number in numbers)
        assert deviation(counts, dict.fromkeys(range(20), 0.05)) < SURE
    assert set(ways[0]).isdisjoint(ways[1][1:])


def configured(seed: int = 0, scale: float = 2.0, **generation: Any) -> Any:
    """The tiny decoder with settings in its generation config."""
    model = copy.copy(tiny_decoder(seed, scale))
    model.generation_config = copy.deepcopy(model.generation_config)
    for name, value in generation.items():
        setattr(model.generation_config, name, value)
    return model


def sampled(model: Any, temperature: float, seed: int = 0) -> Sampled:
    processors = sampling_processors(model, temperature, 64)
    return Sampled(processors, seed, prefixed=prefixed(processors((0,))))


def enumerated(model: Any, prompt: Seq[int], temperature: float) -> dict[tuple[int, ...], float]:
    """The probabilities of the next two tokens by ``generate``'s own scores."""

    def following(ids: Seq[int]) -> list[float]:
        result = model.generate(
            torch.tensor([ids]),
            do_sample=True,
            temperature=temperature,
            max_new_tokens=1,
            return_dict_in_generate=True,
            output_scores=True,
        )
        probabilities: list[float] = result.scores[0][0].double().softmax(-1).tolist()
        return probabilities

    joint: dict[tuple[int, ...], float] = {}
    for first, chance in enumerate(following(prompt)):
        if first == 0 or not chance:
            joint[(first,)] = chance
            continue
        for second, then in enumerate(following([*prompt, first])):
            joint[first, second] = chance * then
    return joint


WAYS: dict[str, tuple[float, dict[str, Any]]] = {
    "plain": (1.0, {}),
    "hot, top 4": (1.7, {"top_k": 4}),
    "cool, top p": (0.7, {"top_p": 0.8}),
    "min p": (1.3, {"min_p": 0.15}),
    "penalty": (1.2, {"repetition_penalty": 1.8}),
    "no pair twice": (2.0, {"no_repeat_ngram_size": 2, "top_k": 6}),
}


@pytest.mark.parametrize("way", WAYS)
def test_engine_samples_what_generate_would(way: str) -> None:
    """Two tokens of 1500 sequences, variously drafted: chi-square against ``generate``'s own scores."""
    temperature, options = WAYS[way]
    model = configured(1, **options)
    prompt = [3, 1, 4, 1, 5]
    expected = enumerated(model, prompt, temperature)
    engine = Engine(Runner(model, 64), sampled(model, temperature, seed=5), 10**6)
    drafts = itertools.cycle([[], ["ddd"], ["cfj", "g"]])
    made = (sequence(model, key, prompt, 2, next(drafts)) for key in range(1500))
    done = engine.run(made)
    counts = Counter(tuple(one.output) for one in done)
    assert deviation(counts, expected) < SURE


@pytest.mark.parametrize("way", ["hot, top 4", "penalty", "no pair twice"])
@given(
    rows=st.lists(
        st.tuples(
            st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=6),
            st.lists(st.text("abcdefghijkl", max_size=30), max_size=2),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    batch=st.integers(1, 4),
    seed=st.integers(0, 3),
)
@settings(max_examples=12, deadline=None)
def test_drafts_and_batches_change_nothing(way: str, rows: list[Any], batch: int, seed: int) -> None:
    """A sequence's output depends on seed and key only: decoded alone and undrafted it is the same."""
    temperature, options = WAYS[way]
    model = configured(2, **options)
    outputs: dict[int, list[int]] = {}
    for key, (prompt, _, _) in enumerate(rows):
        alone = Engine(Runner(model, 1), sampled(model, temperature, seed), 10**6, drafts=False)
        [one] = alone.run([sequence(model, key, prompt, 16)])
        outputs[key] = one.output
    engine = Engine(Runner(model, batch), sampled(model, temperature, seed), 10**6)
    made = [
        sequence(model, key, prompt, 16, [*texts, *[LetterCodec().decode(outputs[key])] * right])
        for key, (prompt, texts, right) in enumerate(rows)
    ]
    assert {one.key: one.output for one in engine.run(made)} == outputs


def test_right_draft_takes_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """What sampling would write anyway is accepted whole, as in exact mode, in portions of any size."""
    monkeypatch.setattr(sampling, "TOGETHER", 3)
    model = configured(0, scale=3.0)
    [plain] = Engine(Runner(model, 1), sampled(model, 1.0), 10**6).run([sequence(model, "k", [5, 2], 20)])
    draft = LetterCodec().decode(plain.output)
    [quick] = Engine(Runner(model, 1), sampled(model, 1.0), 10**6).run(
        [sequence(model, "k", [5, 2], 20, [draft])]
    )
    assert quick.output == plain.output
    assert quick.steps == 1


def test_cold_sampling_is_generate() -> None:
    """At a temperature near 0 the engine writes what greedy generation does."""
    model = configured(3)
    for key, prompt in enumerate(itertools.product([1, 5, 9], repeat=2)):
        [one] = Engine(Runner(model, 1), sampled(model, 1e-6), 10**6).run(
            [sequence(model, key, prompt, 12, ["bcdbcd"])]
        )
        greedy = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=12)
        assert one.output == greedy[0, len(prompt) :].tolist()


def test_settings_that_look_back_are_told_apart() -> None:
    """What restricts a place by its own logits can be done for many at once; a repetition penalty cannot."""
    assert not prefixed(sampling_processors(configured(top_p=0.5, min_p=0.1), 0.5, 64)((0,) * 7))
    assert prefixed(sampling_processors(configured(repetition_penalty=1.2), 0.5, 64)((0,) * 7))
