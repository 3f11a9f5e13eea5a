"""Forward passes of a causal decoder over ragged rows: prefill and verify step."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Seq
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch.nn.functional import pad

from docspec.drafters.following.tree import Tree
from docspec.errors import ModelError
from docspec.verifiers.attention import grouped, is_torchs
from docspec.verifiers.cache import RaggedCache, WritePlan, in_place
from docspec.verifiers.columns import NEVER, PLACES, SHIFTS, PassShape, Row, columns_of
from docspec.verifiers.decoder_hooks import cache_name, decoder_given, decoder_output, visual_arguments
from docspec.verifiers.embedding import Embedding
from docspec.verifiers.masks import layer_kinds, let_prompts_see
from docspec.verifiers.own_head import OwnHead
from docspec.verifiers.own_head_layer import HeadLayer
from docspec.verifiers.recorded import CudaRecorder, RecordedPasses, Recorder, rounded
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.split_attention import Sight, Trial, worth_trying
from docspec.verifiers.states import StatefulCache, refuse_bounded_steps
from docspec.verifiers.window import CPU_WIDTH, GPU_WIDTH, StepCost

AHEAD = 2048  # places of the cache for which there is room beyond what is asked for: a dense page's output


class Runner:
    """Runs a ``transformers`` model that takes ``inputs_embeds`` and a cache, for up to ``rows`` sequences.

    ``cost`` is what its passes are known to take; ``head`` a layer of the model's own that proposes tokens,
    which ``own_head`` asks. On a CUDA device verify passes are recorded and replayed,
    see docspec.verifiers.recorded, unless ``graphs`` is False.

    Raises ModelError for a model with layers of kinds that it does not know: it would decode wrongly.
    """

    def __init__(self, model: Any, rows: int, *, graphs: bool = True, head: HeadLayer | None = None) -> None:
        config = model.config.get_text_config()
        self._kinds = layer_kinds(type(model).__name__, config)
        self._config = config
        self.model = model
        self.rows = rows
        self.embed_tokens = Embedding(model)
        self.device = self.embed_tokens.weight.device
        self.cache = RaggedCache(config.num_hidden_layers)
        if self._kinds.stateful:
            refuse_bounded_steps(model)
            self.cache = StatefulCache(config.layer_types, getattr(config, "number_of_conv_states", 1))
        self._cache_name = cache_name(model.forward)
        self.own_head: OwnHead | None = None
        if head is not None:
            self._outputs = self.cache.beside()
            self.own_head = OwnHead(head, self._outputs, self.embed_tokens)
        self.cost = StepCost(CPU_WIDTH if self.device.type == "cpu" else GPU_WIDTH)
        self._longest = _longest(config)
        self.typical = True  # whether the last pass took what another verify pass of its size will
        self.recorded: RecordedPasses | None = None
        self.maskless: bool | None = False  # whether passes need no mask; None until one has been watched
        if graphs and self.device.type == "cuda":
            self.record(CudaRecorder)
            self.cache.ahead = rows, AHEAD  # what is recorded is so of these buffers
            plain = self._kinds.is_causal and not self._kinds.stateful and is_torchs(config)
            self.maskless = None if plain and worth_trying(self.device) else False

    def record(self, recorder: Callable[[], Recorder]) -> None:
        """Have ``recorder`` record verify passes from now on, where the cache allows it."""
        if not self._kinds.stateful:  # whose states are other tensors in each pass
            self.recorded = RecordedPasses(self._verify, recorder, self.device)

    def width(self, tokens: int, rows: int) -> int:
        """The columns of a verify pass over ``rows`` of which the longest has ``tokens``."""
        return tokens if self.recorded is None else rounded(rows, tokens)[1]

    @property
    def most(self) -> int | None:
        """The places that a verify pass is to have at most, padding included; None for any number."""
        return None if self.recorded is None else self.recorded.most

    def drop(self) -> None:
        """Free the cache and what is recorded; every row is then empty."""
        if self.recorded is not None:
            self.recorded.forget()
        self.cache.drop()
        if self.own_head is not None:
            self.own_head.drop()

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first ``length`` places of row ``source`` of the cache over row ``target``."""
        self.cache.move(source, target, length)
        if self.own_head is not None:
            self.own_head.move(source, target)

    def prefill(
        self,
        rows: Seq[int],
        prompts: Seq[Prompt],
        outputs: Seq[Seq[int]],
        trees: Seq[Tree],
    ) -> torch.Tensor:
        """Run ``prompts``, the ``outputs`` so far and the ``trees`` of draft tokens into the empty ``rows``.

        Returns the logits of the trees' places, right-aligned: [n, largest tree + 1, V].
        """
        self.typical = self.recorded is None  # the host launches it kernel by kernel, another cost altogether
        tails = [[*output, *tree.tokens] for output, tree in zip(outputs, trees, strict=True)]
        counts = [len(prompt) + len(tail) for prompt, tail in zip(prompts, tails, strict=True)]
        width, keep = max(counts), max(map(len, trees)) + 1
        axes = prompts[0].positions.shape[0]
        embeds = self.embed_tokens.weight.new_zeros(len(rows), width, prompts[0].embeds.shape[1])
        positions = torch.zeros(axes, len(rows), width, dtype=torch.long, device=self.device)
        places, ends = self._marks(trees, [width - len(tree) for tree in trees], width)
        splits = [width - len(tail) for tail in tails]
        by_token = {
            name: values.new_zeros(len(rows), width, *values.shape[1:])
            for name, values in prompts[0].by_token.items()
        }
        for i, (prompt, tail) in enumerate(zip(prompts, tails, strict=True)):
            split = splits[i]
            embeds[i, split - len(prompt) : split] = prompt.embeds
            positions[:, i, split - len(prompt) : split] = prompt.positions
            for name, values in prompt.by_token.items():
                by_token[name][i, split - len(prompt) : split] = values
            if tail:
                ids = torch.tensor(tail, device=self.device)
                embeds[i, split:] = self.embed_tokens(ids)
                positions[:, i, split:] = prompt.following + places[i, split:] - split
                for name, values in self.embed_tokens.besides(ids).items():
                    by_token[name][i, split:] = values
        self.cache.plan(list(rows), [0] * len(rows), counts, prefill=True, device=self.device)
        plain = self._kinds.is_causal and all(prompt.masks is None for prompt in prompts)
        if len(rows) == 1 and plain and trees[0].is_chain:
            mask = None  # plain causal: the attention kernel's own fast path, no square mask in memory
        else:
            query = torch.arange(width, device=self.device).expand(len(rows), width)
            first = width - torch.tensor(counts, device=self.device)
            after = torch.tensor(splits, device=self.device)
            mask = self._kinds.masks(query, places, ends, after, first, query >= first[:, None])
            let_prompts_see(mask, prompts, splits)
        if self._longest is not None:
            self._refuse_beyond(max(int(positions.max()), width - 1))
        if self.own_head is not None:
            self.own_head.begin(rows)
        visuals = [
            replace(prompt.visual, places=pad(prompt.visual.places, (split - len(prompt), width - split)))
            for prompt, split in zip(prompts, splits, strict=True)
            if prompt.visual is not None
        ]
        with decoder_given(self.model, visual_arguments(visuals)):
            return self._forward(embeds, positions, mask, keep, by_token)

    def step(
        self, rows: Seq[int], prompts: Seq[Prompt], outputs: Seq[Seq[int]], trees: Seq[Tree]
    ) -> torch.Tensor:
        """Run the last token of each of ``outputs``, all others being in the cache, and the ``trees``.

        Tokens before the last one go first where the cache has them to be sent again. Returns the logits of
        the trees' places, right-aligned: [n, largest tree + 1, V].
        """
        cached = [len(prompt) + len(output) - 1 for prompt, output in zip(prompts, outputs, strict=True)]
        behind = [self.cache.behind(row, count) for row, count in zip(rows, cached, strict=True)]
        sent = [
            Row(
                row,
                count - again,
                [*output[-1 - again :], *tree.tokens],
                tree,
                prompt.following - len(prompt),
                len(prompt),
            )
            for row, count, again, output, tree, prompt in zip(
                rows, cached, behind, outputs, trees, prompts, strict=True
            )
        ]
        starts, counts = [row.start for row in sent], [len(row.tokens) for row in sent]
        span = max(start + count for start, count in zip(starts, counts, strict=True))
        shape = PassShape(len(rows), max(counts), span, in_place(rows))
        if self.recorded is not None:
            shape = self.recorded.room(shape, self.cache.size, whole=bool(self.maskless))
            self.cache.settle()
        firsts = self.cache.columns(counts, shape.width, prefill=False)
        targets = self.cache.targets(starts, counts, firsts, (shape.rows, shape.width))
        columns = columns_of(sent, firsts, targets, shape)
        self._refuse_beyond(int((columns[PLACES] + columns[SHIFTS]).max()))
        self.cache.begin(list(rows), starts, counts, prefill=False, device=self.device)
        ends = [first + count for first, count in zip(firsts, counts, strict=True)]
        keep = shape.width - min(end - len(tree) - 1 for end, tree in zip(ends, trees, strict=True))
        axes = prompts[0].positions.shape[0]
        if self.recorded is None:
            logits = self._verify(torch.from_numpy(columns).to(self.device), shape, axes, keep)
        else:
            logits = self.recorded(columns, shape, axes, self.cache.version)[: len(rows)]
            self.typical = self.recorded.typical
        return self._aligned(logits, [end - shape.width for end in ends], max(map(len, trees)) + 1)

    @torch.inference_mode()
    def _verify(self, columns: torch.Tensor, shape: PassShape, axes: int, keep: int) -> torch.Tensor:
        """The logits of a verify pass's last ``keep`` columns, which are as docspec.verifiers.columns has
        them: [n, keep, V]. Nothing here depends on what is in them, so that it can be recorded."""
        ids, places, ends, shifts, rows, targets, prompts = columns
        read = slice(shape.rows) if shape.in_place else rows[:, 0]
        self.cache.use(WritePlan(rows[:, 0], targets, shape.span, read))
        sight: Sight | Trial | None = None
        if self.maskless:
            sight = Sight(targets, ends, self.cache.size[1])
            masks: Any = targets.new_ones(1, dtype=torch.bool).expand(shape.rows, 1, shape.width, shape.span)
        else:
            query = targets.clamp(max=shape.span - 1)  # the padding sees some place
            # of each key, the padding's in a place more
            at, size = targets.clamp(max=shape.span), (shape.rows, shape.span + 1)
            key = torch.arange(shape.span + 1, device=self.device).repeat(shape.rows, 1)
            key_places = key.scatter(1, at, places)[:, :-1]
            key_ends = torch.full(size, NEVER, device=self.device).scatter(1, at, ends)[:, :-1]
            masks = self._kinds.masks(query, key_places, key_ends, prompts[:, 0])
            if self.maskless is None:
                sight = Trial(Sight(targets, ends, self.cache.size[1]), masks)
        positions = (places + shifts).expand(axes, shape.rows, shape.width)
        besides = self.embed_tokens.besides(ids)
        logits = self._forward(self.embed_tokens(ids), positions, masks, keep, besides, sight)
        if isinstance(sight, Trial):
            self.maskless = sight.passed(self._config.num_hidden_layers)
        return logits

    @staticmethod
    def _aligned(logits: torch.Tensor, ends: list[int], size: int) -> torch.Tensor:
        """``logits`` [n, Q, V], whose rows end ``ends`` columns after the last one (0, or before it), with
        all ends at the right: [n, size, V]."""
        if not any(ends):
            return logits[:, -size:]
        columns = torch.tensor(ends)[:, None] + torch.arange(logits.shape[1] - size, logits.shape[1])
        # what is before a row's own places is anything: negative columns are taken from the end
        return logits[torch.arange(len(ends), device=logits.device)[:, None], columns.to(logits.device)]

    def _marks(self, trees: Seq[Tree], firsts: Seq[int], size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each of ``size`` columns of each row, [n, size]: its place in the text that it belongs to, and
        the column after the last one that may look at it.

        Row i's tree begins at column ``firsts[i]``; the text before it is in order.
        """
        places = torch.arange(size, device=self.device).repeat(len(trees), 1)
        ends = torch.full_like(places, size)
        for i, (tree, first) in enumerate(zip(trees, firsts, strict=True)):
            if not tree.is_chain:
                marks = torch.tensor([tree.depths, tree.ends]) + torch.tensor([[first - 1], [first]])
                places[i, first : first + len(tree)], ends[i, first : first + len(tree)] = marks.to(
                    self.device
                )
        return places, ends

    def _refuse_beyond(self, position: int) -> None:
        """Raises ModelError for a position id at which rows would depend on each other."""
        if self._longest is not None and position >= self._longest:
            name = type(self.model).__name__
            raise ModelError(
                f"past {self._longest} tokens what {name} makes of a position depends on the pass that it is "
                "in; docspec cannot decode it that far"
            )

    def _forward(
        self,
        embeds: torch.Tensor,
        positions: torch.Tensor,
        mask: Any,
        keep: int,
        by_token: dict[str, torch.Tensor],
        sight: Sight | Trial | None = None,
    ) -> torch.Tensor:
        attention = grouped(self._config, sight) if mask is not None else nullcontext()
        kept = nullcontext() if self.own_head is None else decoder_output(self.model, self._keep_output)
        with torch.inference_mode(), attention, kept:
            output = self.model(
                inputs_embeds=embeds,
                position_ids=positions if positions.shape[0] > 1 else positions[0],
                attention_mask=mask,
                use_cache=True,
                logits_to_keep=keep,
                **{self._cache_name: self.cache},
                **by_token,
            )
        logits: torch.Tensor = output.logits
        return logits

    def _keep_output(self, states: torch.Tensor) -> None:
        """Keep what the decoder gives for a pass's columns, [n, Q, D], where their keys and values are."""
        self._outputs.write(states[:, None], states[:, None, :, :0])


def _longest(config: Any) -> int | None:
    """Positions from which on a decoder's rotary angles depend on the longest sequence of a pass, or its
    attention's temperature on the column of a pass (Llama 4, in layers without such angles); or None."""
    rope = getattr(config, "rope_parameters", None) or {}
    # some have parameters for each kind of layer
    each = [rope, *(parameters for parameters in rope.values() if isinstance(parameters, dict))]
    limits = [
        int(one.get("original_max_position_embeddings") or config.max_position_embeddings)
        for one in each
        # HunYuan's alpha is fixed
        if one.get("rope_type") in ("dynamic", "longrope") and one.get("alpha") is None
    ]
    if getattr(config, "attn_temperature_tuning", False) and 0 in config.no_rope_layers:
        limits.append(int(config.floor_scale) - 1)
    return min(limits, default=None)
