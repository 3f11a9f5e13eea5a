"""Who may look at whom in a pass, by kind of layer."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Seq
from dataclasses import dataclass
from typing import Any

import torch

from docspec.errors import ModelError
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.states import STATEFUL, STATELESS

FULL, SLIDING = "full_attention", "sliding_attention"
REFERENCE = "reference_sliding_attention"  # a window, and beyond it the whole prompt (Unlimited-OCR)
CHUNKED = "chunked_attention"  # the text in pieces, none of which is seen from another (Llama 4)
BOUNDED = frozenset({SLIDING, REFERENCE, CHUNKED})


@dataclass(frozen=True, slots=True)
class LayerKinds:
    """The kinds of a decoder's layers, those with a window looking at ``window`` places, those with chunks at
    the places of their own one of ``chunk``.

    ``by_kind`` says that the decoder takes a mask for each kind of layer.
    """

    kinds: frozenset[str]
    window: int
    by_kind: bool
    chunk: int = 0

    @property
    def stateful(self) -> frozenset[str]:
        """The kinds whose layers keep a state instead of keys and values."""
        return self.kinds & STATEFUL

    @property
    def is_causal(self) -> bool:
        """Whether a token may look at all that stand before it, in each layer that looks at any."""
        return not self.kinds & BOUNDED

    def masks(
        self,
        query: torch.Tensor,
        places: torch.Tensor,
        ends: torch.Tensor,
        prompts: torch.Tensor,
        first: torch.Tensor | None = None,
        sent: torch.Tensor | None = None,
    ) -> Any:
        """The masks of a pass in the form that the decoder takes: one tensor, or one for each kind of layer.

        ``query`` [n, Q] are the queries' columns; of each column, [n, size], ``places`` are its places in the
        text and ``ends`` the columns from which on nothing may look at it; ``prompts`` [n] are the columns
        after each row's prompt. ``first`` [n] are the rows' first columns that are not padding, where some
        are; ``sent`` [n, Q] is what is to be in the states of layers that have any, where not all is.
        """
        at, key = query[:, None, :, None], torch.arange(places.shape[1], device=places.device)
        below = (key <= at) & (at < ends[:, None, None])  # [n, 1, Q, size]
        if first is not None:
            below = below & (key >= first[:, None, None, None])
        full = below | (key == at)  # a row of the mask without any key, as padding may have, would give NaN
        masks: dict[str, torch.Tensor | None] = {FULL: full}
        if not self.is_causal:
            near = places[:, None, None] > places.gather(1, query)[:, None, :, None] - self.window
            if not self.by_kind:
                return full & near
            if SLIDING in self.kinds:
                masks[SLIDING] = full & near
            if REFERENCE in self.kinds:
                masks[REFERENCE] = full & (near | (key < prompts[:, None, None, None]))
            if CHUNKED in self.kinds:  # counted from the text's own beginning
                chunks = (places if first is None else places - first[:, None]) // self.chunk
                masks[CHUNKED] = full & (chunks[:, None, None] == chunks.gather(1, query)[:, None, :, None])
        masks |= dict.fromkeys(self.stateful, sent)
        return masks if len(masks) > 1 else full


def layer_kinds(name: str, config: Any) -> LayerKinds:
    """The kinds of a decoder's layers, by its text configuration.

    Raises ModelError where the model ``name`` has kinds that cannot be decoded.
    """
    layers = getattr(config, "layer_types", None)
    window = getattr(config, "sliding_window", None)
    # without a kind for each layer, a window is all layers' (Mistral's)
    alone = bool(window and not layers and getattr(config, "use_sliding_window", True))
    kinds = frozenset({SLIDING} if alone else layers or [FULL])
    if unknown := kinds - {FULL} - BOUNDED - STATEFUL - STATELESS:
        raise ModelError(
            f"{name} has {', '.join(sorted(unknown))} layers; docspec decodes full, sliding and chunked "
            "attention, linear attention, state-space models and short convolutions"
        )
    return LayerKinds(kinds, window or 0, not alone, getattr(config, "attention_chunk_size", None) or 0)


def own_masks(given: Any) -> Any:
    """The masks of a prompt whose tokens see what stands after them, as ``given`` to a decoder (see
    ``looks_ahead``): without the first two axes, [P, P], of truth values. None for any other prompt."""
    if not looks_ahead(given):
        return None
    if isinstance(given, Mapping):
        return {kind: seen(mask)[0, 0] for kind, mask in given.items() if isinstance(mask, torch.Tensor)}
    return seen(given)[0, 0]


def let_prompts_see(masks: Any, prompts: Seq[Prompt], splits: Seq[int]) -> None:
    """Have the tokens of prompts that end before the columns ``splits`` see each other as these say."""
    for i, (prompt, split) in enumerate(zip(prompts, splits, strict=True)):
        if prompt.masks is None:
            continue
        within = slice(split - len(prompt), split)
        for kind, mask in masks.items() if isinstance(masks, Mapping) else [(FULL, masks)]:
            own = prompt.masks.get(kind) if isinstance(prompt.masks, Mapping) else prompt.masks
            if own is not None and mask is not None and mask.dim() == 4:
                mask[i, 0, within, within] = own


def looks_ahead(mask: Any) -> bool:
    """Whether a decoder's attention mask lets some token see a later one.

    ``mask`` is None (causal), [1, 1, P, P], of truth values or of what is added to the scores, [1, P] (which
    tokens are padding), or a mapping of such masks by kind of layer.
    """
    if isinstance(mask, Mapping):
        return any(map(looks_ahead, mask.values()))
    if not isinstance(mask, torch.Tensor) or mask.dim() < 4:
        return False
    return bool(seen(mask).triu(1).any())


def seen(mask: torch.Tensor) -> torch.Tensor:
    """Which keys a mask of truth values, or of what is added to the scores, lets be seen."""
    return mask if mask.dtype == torch.bool else mask == 0
