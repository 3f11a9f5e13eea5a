"""Whether a loaded model decodes here as it does in transformers: asked once, before it reads anything.

The model's own ``generate`` writes a few tokens about a drawn image. The engine's passes are then run over
the same tokens, with drafts that are right, wrong, branched and missing, and have to give the same logits up
to rounding; the generation config's settings have to choose the same tokens. Logits rather than tokens are
compared, so that neither a tie nor the noise of narrow types of number decides, while anything that a pass
leaves out (a mask, an argument, a position) shows in all of them.
"""

from __future__ import annotations

from copy import copy
from statistics import median
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image as Pictures
from PIL import ImageDraw
from transformers import LogitsProcessor, LogitsProcessorList

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.types import Category, Image
from docspec.verifiers.acceptance import accept_exact
from docspec.verifiers.decide import ExactWithProcessors
from docspec.verifiers.decoder_hooks import marker_tokens, moved
from docspec.verifiers.processors import greedy_processors
from docspec.verifiers.runner import Runner
from docspec.verifiers.sequence import Prompt

TOKENS = 4
FORCED = (1, 2)  # which of them are image tokens, where the model has some: it may write them as any other
SIZE = (112, 56)  # pixels
FLOOR = 50.0  # logits further below the greatest are as good as none: models mask tokens with huge numbers
INSTRUCTION = "."  # in place of the family's own: most of the check's time is in prompts
PREFILLED = 2  # rows; the others begin as copies of these
# the drafts (see ``_draft``) of each row, by pass: those of the prefill, and of the steps after it
DRAFTS = (("branched", "none"), ("wrong", "branched", "half right"), ("right", "none", "right"))
ROWS = max(map(len, DRAFTS))
CONSEQUENCE = "docspec would read wrongly with it (--no-check skips this check)"


class Written(NamedTuple):
    """What ``generate`` wrote: ``tokens``, and the model's raw ``logits`` [tokens, V] that they came of."""

    tokens: list[int]
    logits: torch.Tensor


def check(loaded: Any) -> None:
    """Raises ModelError, with the reason, where ``loaded`` (a TransformersModel) decodes otherwise here than
    in transformers."""
    try:
        profile, category = asking_briefly(loaded.profile)
        inputs = profile.inputs(drawn(), category)
        [prompt] = profile.embed(loaded.model, [inputs])
        runner = Runner(loaded.model, ROWS)
        markers = [token for token in marker_tokens(loaded.model) if token not in loaded.end_tokens]
        forced = Forced(len(prompt.ids), dict(zip(FORCED, markers, strict=False)))
        written = generated(loaded, inputs, forced)
        distances = _distances(runner, prompt, written, loaded.end_tokens[0])
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{loaded.name} cannot be decoded, its check fails: {type(error).__name__}: {error}"
        ) from error
    wrong = [pass_ for pass_, found in distances.items() if not found <= tolerance(loaded.model.dtype)]
    if wrong:
        raise ModelError(
            f"{loaded.name} ({type(loaded.model).__name__}) does not give the logits that it gives in "
            f"transformers: they differ by {distances[wrong[0]]:.2g} of their spread in {wrong[0]}, where "
            f"rounding explains {tolerance(loaded.model.dtype):.2g}; {CONSEQUENCE}"
        )
    _check_settings(loaded, prompt, written, forced)


def asking_briefly(profile: Any) -> tuple[Any, Category | None]:
    """The profile, its prompts the shortest that there are, and what it is to read: text, or else a page."""
    brief = copy(profile)
    brief.prompt = brief.page_prompt = INSTRUCTION
    brief.prompts = {}
    return brief, Category.TEXT if profile.declines(Category.TEXT) is None else None


def tolerance(dtype: torch.dtype) -> float:
    """The difference of logits, as a share of their spread, that rounding explains: half of the digits."""
    return float(torch.finfo(dtype).eps ** 0.5)


def drawn() -> Image:
    """A line of text on white."""
    picture = Pictures.new("RGB", SIZE, "white")
    ImageDraw.Draw(picture).text((10, 20), "1. As it is?", fill="black", font_size=16)
    return np.asarray(picture)


class Forced(LogitsProcessor):
    """Has ``generate`` write certain tokens: those of ``tokens`` by their place after ``prompt`` tokens."""

    def __init__(self, prompt: int, tokens: dict[int, int]) -> None:
        self.prompt, self.tokens = prompt, tokens

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """``scores`` [B, V], with everything else ruled out where a token is to be written."""
        token = self.tokens.get(input_ids.shape[1] - self.prompt)
        if token is None:
            return scores
        only = torch.full_like(scores, -torch.inf)
        only[:, token] = 0
        return only


def generated(loaded: Any, inputs: dict[str, Any], forced: Forced) -> Written:
    """A few tokens of the model's own ``generate``, some of them ``forced``; it may not end before."""
    with torch.inference_mode():
        made = loaded.model.generate(
            **{name: moved(value, loaded.model) for name, value in inputs.items()},
            max_new_tokens=TOKENS,
            min_new_tokens=TOKENS,
            do_sample=False,
            tokenizer=loaded.profile.tokenizer,
            logits_processor=LogitsProcessorList([forced]),
            return_dict_in_generate=True,
            output_logits=True,
        )
    tokens = made.sequences[0, inputs["input_ids"].shape[1] :].tolist()
    return Written(tokens, torch.cat(made.logits).float())


def _check_settings(loaded: Any, prompt: Prompt, written: Written, forced: Forced) -> None:
    """Raises ModelError where the generation config's settings choose other tokens of the same logits."""
    tokens, logits = written
    # a model's own generate may leave out what it was asked to write
    done = {place: token for place, token in forced.tokens.items() if tokens[place] == token}
    written_by_force = Forced(forced.prompt, done)
    processors = greedy_processors(loaded.model, TOKENS, min_new_tokens=TOKENS)
    decide = ExactWithProcessors(lambda ids: LogitsProcessorList([*processors(ids), written_by_force]))
    chosen = decide.chosen(prompt, [], Tree.chain(tokens[:-1]), logits)
    if chosen.tokens != tokens:
        raise ModelError(
            f"{loaded.name}: generate makes something else of the model's logits than its generation config "
            f"says; {CONSEQUENCE}"
        )


def _distances(runner: Runner, prompt: Prompt, written: Written, end: int) -> dict[str, float]:
    """How far the logits of the engine's passes are from those of ``written``, by kind of pass.

    In fp32 the furthest place counts, else the middle one: rounding may well send a token to another expert.
    """
    right = Tree.chain(written.tokens[:-1])
    found = {"a prefill of one row": _pass(runner, "prefill", [0], prompt, written, [[]], [right])}
    cache = runner.cache
    # without windows, rows are of different lengths where some of them go on
    outputs = [written.tokens[: row % 2] if cache.resends else [] for row in range(PREFILLED)]
    # a step shows what the pass before it kept: where a prefill sends no draft, a second one has to follow
    for step, kinds in enumerate(DRAFTS if cache.resends else DRAFTS[:2]):
        open_ = [row for row, output in enumerate(outputs) if len(output) < len(written.tokens)]
        if not open_:
            break
        if not cache.branching:
            kinds = tuple("half right" if kind == "branched" else kind for kind in kinds)
        if cache.resends and not step:
            kinds = ("none",) * len(kinds)
        trees = [_draft(kinds[row], written.tokens[len(outputs[row]) :], end) for row in open_]
        name = "a verify step" if step else "a prefill of several rows"
        stage: Literal["prefill", "step"] = "step" if step else "prefill"
        distances = _pass(runner, stage, open_, prompt, written, [outputs[row] for row in open_], trees)
        found[name] = found.get(name, []) + distances
        for row in range(len(outputs), ROWS):
            source = row % PREFILLED
            outputs.append(list(outputs[source]))
            cache.move(source, row, len(prompt) + len(outputs[row]) - 1)
    combine = max if written.logits.dtype == runner.embed_tokens.weight.dtype else median
    return {name: float(combine(distances)) for name, distances in found.items()}


def _pass(
    runner: Runner,
    stage: Literal["prefill", "step"],
    rows: list[int],
    prompt: Prompt,
    written: Written,
    outputs: list[list[int]],
    trees: list[Tree],
) -> list[float]:
    """Run one pass over rows with these ``outputs``, which grow by what is accepted; the distances of the
    logits at every place of the tokens' path."""
    longest = len(prompt) + max(map(len, outputs)) + max(map(len, trees)) + 1
    runner.cache.reserve(runner.rows, longest, longest * runner.rows)
    logits = getattr(runner, stage)(rows, [prompt] * len(rows), outputs, trees)
    firsts, paths, distances = [], [], []
    for i, (output, tree) in enumerate(zip(outputs, trees, strict=True)):
        done = len(output)
        coming = [*written.tokens[done:], *[-1] * (len(tree) + 1)]
        accepted = accept_exact([coming[depth] for depth in (0, *tree.depths)], tree)
        places = [0, *(node + 1 for node in accepted.nodes)]
        ours = logits[i, -len(tree) - 1 :][places].float()
        distances += distance(ours, written.logits[done : done + len(places)])
        firsts.append(len(prompt) + done)
        paths.append(accepted.nodes)
        output += accepted.tokens
    runner.cache.keep(rows, firsts, paths)
    return distances


def _draft(kind: str, coming: list[int], end: int) -> Tree:
    """A draft of a ``kind`` for a row that is to write ``coming``: "half right" is right at first, "branched"
    right between two wrong branches."""
    first, *others = coming
    wrong = [token - 1 if token else 1 for token in coming]
    if kind == "none":
        return Tree.chain([])
    if kind == "wrong" or not others:
        return Tree.chain([end] if first != end else wrong[:1])
    if kind == "right":
        return Tree.chain(coming[:-1])
    half = [first, wrong[1]]
    return Tree.chain(half) if kind == "half right" else Tree.merge([wrong[:1], coming[:2], half])


def distance(ours: torch.Tensor, theirs: torch.Tensor) -> list[float]:
    """How far logits [n, V] are apart at each place, as a share of their spread over the vocabulary.

    Logits count up to what is the same for all of them, which no softmax sees.
    """
    ours, theirs = ((each - each.amax(-1, keepdim=True)).clamp(min=-FLOOR) for each in (ours, theirs))
    ours, theirs = (logits - logits.mean(-1, keepdim=True) for logits in (ours, theirs))
    distances: list[float] = ((ours - theirs).norm(dim=-1) / theirs.norm(dim=-1)).tolist()
    return distances
