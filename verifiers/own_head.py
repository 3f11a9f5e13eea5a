"""What a checkpoint's own head proposes, for ragged rows.

transformers' candidate generator (5.23) takes one sequence at a time and runs the head in every step. Here
the decoder's outputs stand in a buffer of the cache, written, moved and counted as its keys and values are,
so that nothing has to be done for the head in a pass. Only when it is asked does it catch up with what was
written since, in one pass over all rows that are asked; its own keys and values are another such cache. What
it wrote for a proposal that was refused is overwritten.

Its passes are not recorded as CUDA graphs: how much there is to catch up with differs from one to the next,
and they are single layers. That the decoder's output is kept is a part of a verify pass, and is recorded
with it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Seq

import numpy as np
import torch

from docspec.verifiers.cache import RaggedCache, RaggedLayer, WritePlan, in_place
from docspec.verifiers.own_head_layer import HeadLayer
from docspec.verifiers.sequence import Prompt

APART = 64  # places to catch up with from which on a row does so in passes of its own
PIECE = 2048  # and places of such a pass
NO_BUDGET = 2**62  # its cache is one layer's, and grows with the decoder's


class OwnHead:
    """Proposes with ``layer`` for the rows of a cache whose decoder's outputs are in ``hidden``.

    ``embed`` gives the embeddings of token ids as the model has them.
    """

    def __init__(
        self, layer: HeadLayer, hidden: RaggedLayer, embed: Callable[[torch.Tensor], torch.Tensor]
    ) -> None:
        self.layer, self.embed = layer, embed
        self._hidden = hidden
        self._device = layer.joined.weight.device
        self._cache = RaggedCache(1)
        self._done: dict[int, int] = {}  # of each row: places that the head has seen

    def begin(self, rows: Seq[int]) -> None:
        """Note that other sequences have begun in ``rows``."""
        self._done |= dict.fromkeys(rows, 0)

    def move(self, source: int, target: int) -> None:
        """Row ``source`` is row ``target`` from now on."""
        if done := self._done[source]:
            self._cache.move(source, target, done)
        self._done[target] = done

    def drop(self) -> None:
        """Forget all rows."""
        self._cache.drop()
        self._done.clear()

    def behind(self, rows: Seq[int], cached: Seq[int]) -> int:
        """With how many places all ``rows`` have to catch up, of which so many are ``cached``."""
        return sum(count - self._done[row] for row, count in zip(rows, cached, strict=True))

    @torch.inference_mode()
    def propose(
        self, rows: Seq[int], prompts: Seq[Prompt], outputs: Seq[Seq[int]], count: int
    ) -> list[list[int]]:
        """The next ``count`` tokens of each of ``rows``, after its output."""
        cached = [len(prompt) + len(output) - 1 for prompt, output in zip(prompts, outputs, strict=True)]
        self._cache.reserve(max(rows) + 1, max(cached) + count, NO_BUDGET)
        texts = list(zip(rows, prompts, outputs, strict=True))
        for (row, prompt, output), end in zip(texts, cached, strict=True):
            if end - self._done[row] > APART:
                for start in range(self._done[row], end - 1, PIECE):
                    self._pass([(row, prompt, output)], [start], [min(start + PIECE, end - 1)])
                self._done[row] = end - 1
        tokens, states = self._pass(texts, [self._done[row] for row in rows], cached)
        self._done |= dict(zip(rows, cached, strict=True))
        found = [tokens]
        for further in range(count - 1):
            places = torch.tensor(cached, device=self._device)[:, None] + further
            after = torch.tensor([one.following - len(one) for one in prompts], device=self._device)
            positions = (places + after[:, None]).expand(len(prompts[0].positions), -1, -1)
            embeds, span = self.embed(tokens[:, None]), max(cached) + further + 1
            tokens, states = self._run(rows, embeds, states, positions, places, span)
            found.append(tokens)
        tokens_of: list[list[int]] = torch.stack(found, dim=1).tolist()
        return tokens_of

    def _pass(
        self, texts: Seq[tuple[int, Prompt, Seq[int]]], starts: Seq[int], ends: Seq[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take in the places of rows from ``starts`` up to ``ends``, right-aligned."""
        width = max(end - start for start, end in zip(starts, ends, strict=True))
        size, device = (len(texts), width), self._device
        rest = self._cache.size[1]
        places, ids, positions = (np.full(size, fill) for fill in (rest, 0, 0))
        for i, ((_, prompt, output), start, end) in enumerate(zip(texts, starts, ends, strict=True)):
            first = width - (end - start)
            places[i, first:] = np.arange(start, end)
            positions[i, first:] = places[i, first:] + prompt.following - len(prompt)
            after = max(start + 1, len(prompt))  # the first place whose token is the output's
            if after <= end:
                ids[i, width - (end + 1 - after) :] = output[after - len(prompt) : end + 1 - len(prompt)]
        on_device = torch.from_numpy(np.stack([places, ids, positions])).to(device)
        at, embeds = on_device[0], self.embed(on_device[1])
        angles = on_device[2].repeat(len(texts[0][1].positions), 1, 1)  # [K, n, Q]
        for i, ((_, prompt, _), start, end) in enumerate(zip(texts, starts, ends, strict=True)):
            first, shown = width - (end - start), min(end, len(prompt))
            if start < shown:
                angles[:, i, first : first + shown - start] = prompt.positions[:, start:shown]
                given = prompt.embeds[start + 1 : end + 1]
                embeds[i, first : first + len(given)] = given
        rows = [row for row, _, _ in texts]
        assert self._hidden.keys is not None
        index = torch.tensor(rows, device=device)[:, None]
        hidden = self._hidden.keys[index, 0, at.clamp(max=self._hidden.keys.shape[2] - 1)]  # [n, Q, D]
        return self._run(rows, embeds, hidden, angles, at, max(ends))

    def _run(
        self,
        rows: Seq[int],
        embeds: torch.Tensor,
        hidden: torch.Tensor,
        positions: torch.Tensor,
        places: torch.Tensor,
        span: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One pass; ``places`` [n, Q] are where its columns go in the head's cache, below ``span`` or, of
        padding, beyond the cache's last."""
        index = torch.tensor(rows, device=self._device)
        read = slice(len(rows)) if in_place(rows) else index
        self._cache.use(WritePlan(index, places, span, read))
        key = torch.arange(span, device=self._device)
        mask = key <= places.clamp(max=span - 1)[:, None, :, None]  # [n, 1, Q, S]
        found: tuple[torch.Tensor, torch.Tensor] = self.layer(embeds, hidden, positions, mask, self._cache)
        return found
