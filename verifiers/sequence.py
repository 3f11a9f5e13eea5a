"""One region (or page) being decoded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docspec.drafters.following.cursor import DraftCursor
from docspec.drafters.following.drafted_next import DraftedNext
from docspec.drafters.following.tree import Tree
from docspec.types import DecodeStats, Finish
from docspec.verifiers.acceptance import Accepted
from docspec.verifiers.runaway import Runaway, RunawayGuard
from docspec.verifiers.window import AcceptanceRate, BranchRate

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class VisualLayers:
    """Visual features that the decoder adds at some of its layers (DeepStack, arXiv 2406.04334).

    ``places`` [P] says which of the prompt's tokens are visual; ``features`` [L, V, D] are for the V of them,
    one row of D for each of L layers: the first ones, after which they are added, or those with the numbers
    ``layers``, before which they are.
    """

    places: torch.Tensor
    features: torch.Tensor
    layers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the decoder sees before the first output token.

    ``embeds`` [P, D]; ``positions`` [K, P], K = 1, or 3 or 4 for M-RoPE; ``ids`` are the prompt's token ids
    where it has any (logits processors look at them). ``following`` is the position id of the first output
    token; where it is not given, text goes on from the prompt's maximum. ``stops`` says of the tokens so far,
    the prompt's included, whether the text ends with them, end tokens aside. ``masks``, [P, P] or by kind of
    layer, say what the prompt's tokens see of each other where that is more than what stands before them.
    ``by_token`` are other arguments of the decoder, by name, with a value for each token: [P, ...].
    """

    embeds: torch.Tensor
    positions: torch.Tensor
    ids: tuple[int, ...] = ()
    visual: VisualLayers | None = None
    following: int = -1
    stops: Callable[[Seq[int]], bool] | None = None
    masks: torch.Tensor | Mapping[str, torch.Tensor] | None = None
    by_token: Mapping[str, torch.Tensor] = field(default_factory=dict)
    _length: int = field(init=False, default=0)  # P: every step asks for it several times

    def __post_init__(self) -> None:
        object.__setattr__(self, "_length", int(self.embeds.shape[0]))
        if self.following < 0:  # once: every pass asks for it, and the device would have to be waited for
            object.__setattr__(self, "following", int(self.positions.max()) + 1)

    def __len__(self) -> int:
        return self._length


@dataclass(slots=True, eq=False)
class Sequence:
    """State of one sequence: prompt, draft, output so far, statistics, finish reason.

    ``draft`` is the best one, of that ``confidence``, which fused acceptance weighs; ``limit`` bounds the
    output's tokens, and ``guard`` ends a runaway output before.
    """

    key: Hashable
    prompt: Prompt
    cursor: DraftCursor
    end_tokens: frozenset[int]
    limit: int
    draft: DraftedNext
    confidence: float = 1.0
    output: list[int] = field(default_factory=list)
    rate: AcceptanceRate = field(default_factory=AcceptanceRate)
    branches: BranchRate = field(default_factory=BranchRate)
    guard: RunawayGuard | None = None
    finish: Finish | None = None
    accepted: int = 0
    drafted: int = 0
    steps: int = 0
    pace: float = 1.0  # tokens of a step, lately, where drafts were sent or nothing
    refused: bool = False  # whether the last window was, at its first token
    unasked: int | None = None  # steps since the draft was last asked for tokens, if ever
    untold: list[int] = field(default_factory=list)  # what was emitted since then
    _distinct: dict[int, None] = field(default_factory=dict)
    _counted: int = -1  # tokens of the output that are in it, once the prompt is

    @property
    def cached(self) -> int:
        """Tokens whose keys and values belong in the cache: all but the last one emitted."""
        return len(self.prompt) + (len(self.output) - 1 if self.output else 0)

    @property
    def distinct(self) -> Mapping[int, None]:
        """The tokens of prompt and output, each once."""
        if self._counted < 0:
            self._distinct.update(dict.fromkeys(self.prompt.ids))
        self._distinct.update(dict.fromkeys(self.output[max(self._counted, 0) :]))
        self._counted = len(self.output)
        return self._distinct

    @property
    def room(self) -> int:
        """How many draft tokens can be of use: one token more than is accepted is emitted."""
        return max(0, self.limit - len(self.output) - 1)

    @property
    def stats(self) -> DecodeStats:
        """The counts so far."""
        return DecodeStats(len(self.output), self.accepted, self.drafted, self.steps)

    @property
    def runaway(self) -> Runaway | None:
        """What made the output degenerate, if it is."""
        return self.guard.found if self.guard else None

    @property
    def kept(self) -> list[int]:
        """The output without end tokens, up to a loop's first period."""
        sound = self.output[: self.runaway.kept] if self.runaway else self.output
        return [token for token in sound if token not in self.end_tokens]

    def emit(self, tree: Tree, accepted: Accepted) -> None:
        """Take one step's outcome."""
        run = len(accepted.nodes)
        self.steps += 1
        self.drafted += len(tree)
        for count, token in enumerate(accepted.tokens, start=1):
            self.output.append(token)
            self.finish = self._ended(token)
            if self.finish is not None:
                self.accepted += min(count, run)
                return
        self.accepted += run

    def _ended(self, token: int) -> Finish | None:
        """Why the output ends with its last token, or None."""
        if token in self.end_tokens:
            return Finish.END
        if self.prompt.stops and self.prompt.stops([*self.prompt.ids, *self.output]):
            return Finish.END
        if self.guard and self.guard.push(token):
            return Finish.LOOP
        if len(self.output) < self.limit:
            return None
        return Finish.LOOP if self.guard and self.guard.at_limit() else Finish.LENGTH
