"""The layer with which some checkpoints predict the token after the next one, and its weights.

Such a head (multi-token prediction, DeepSeek-V3, arXiv 2412.19437) was trained with the model. It takes the
decoder's output at a place and the embedding of the token that was chosen there, through one decoder layer
of its own, to the model's own vocabulary. transformers (5.23) drops its weights when it loads an
image-text-to-text model, as keys that it does not expect. They stand in checkpoints in two ways: as a layer
after the decoder's last (GLM-OCR, GLM-4.5V), or apart, under ``mtp`` (Qwen3.5 and its kin).
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from docspec.errors import first_line
from docspec.verifiers.attention import GROUPED, register
from docspec.verifiers.decoder_hooks import cache_name

COUNTS = ("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_layers")  # names in configurations
INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
# what the parts are called in checkpoints; all else is the block's
APPENDED = {
    "enorm": "embedding_norm",
    "hnorm": "hidden_norm",
    "eh_proj": "joined",
    "shared_head.norm": "norm",
}
APART = {
    **{"pre_fc_norm_embedding": "embedding_norm", "pre_fc_norm_hidden": "hidden_norm", "fc": "joined"},
    **{"norm": "norm", "layers.0": "block"},
}
SHARED = ("embed_tokens.weight", "shared_head.head.weight")  # the model's own, once more

log = logging.getLogger(__name__)


class HeadLayer(torch.nn.Module):
    """A head over ``model``, whose embedding, positions and vocabulary it shares, with weights yet to be set.

    ``chains_normed`` says that what goes on to the token after is the output after its norm, not before.
    """

    def __init__(self, model: Any, *, chains_normed: bool) -> None:
        super().__init__()
        decoder = model.get_decoder()
        settings = head_settings(model.config.get_text_config())
        size, layer, norm = settings.hidden_size, type(decoder.layers[-1]), type(decoder.norm)
        self.embedding_norm, self.hidden_norm, self.norm = (
            norm(size, eps=settings.rms_norm_eps) for _ in range(3)
        )
        self.joined = torch.nn.Linear(2 * size, size, bias=False)
        self.block = layer(settings, 0)
        self.chains_normed = chains_normed
        self._cache_name = cache_name(self.block.forward)
        # not parts of this module: their weights are the model's
        self._rotary: Callable[..., Any] = decoder.rotary_emb.forward
        self._vocabulary: Callable[[torch.Tensor], torch.Tensor] = model.get_output_embeddings().forward

    def forward(
        self,
        embeds: torch.Tensor,
        hidden: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor,
        cache: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The next tokens [n] after each row's last column, and the states [n, 1, D] to go on from.

        ``hidden`` [n, Q, D] is the decoder's output at places, ``embeds`` [n, Q, D] of the tokens after them,
        ``positions`` [K, n, Q] their position ids; ``mask`` [n, 1, Q, S] says who looks at whom.
        """
        axes = positions[1:] if len(positions) == 4 else positions  # the first of four is the text's own
        angles = self._rotary(hidden, position_ids=axes if len(axes) > 1 else axes[0])
        both = torch.cat([self.embedding_norm(embeds), self.hidden_norm(hidden)], dim=-1)
        kept = {self._cache_name: cache}
        states = self.block(self.joined(both), position_embeddings=angles, attention_mask=mask, **kept)
        states = states[:, -1:]
        normed = self.norm(states)
        tokens = self._vocabulary(normed)[:, 0].argmax(-1)
        return tokens, normed if self.chains_normed else states


def head_settings(text: Any) -> Any:
    """A decoder's configuration for one layer of full attention."""
    settings = copy.deepcopy(text)
    settings.num_hidden_layers = 1
    register()
    settings._attn_implementation = GROUPED
    if getattr(settings, "layer_types", None):
        settings.layer_types = ["full_attention"]
    if kinds := getattr(settings, "mlp_layer_types", None):
        settings.mlp_layer_types = kinds[-1:]
    return settings


def has_head(config: Any) -> bool:
    """Whether a model's configuration names a head of its own."""
    return any(getattr(one, name, None) for one in (config, config.get_text_config()) for name in COUNTS)


def load_head(name: str, model: Any, *, local_files_only: bool) -> HeadLayer | None:
    """The head of the checkpoint folder or hub model ``name``, on the device and in the type of its
    ``model``; None where it has none, or none that can be used, of which a warning says why."""
    if not has_head(model.config):
        return None
    try:
        return _made(model, _weights(name, model, local_files_only=local_files_only))
    except (OSError, ValueError, KeyError, IndexError, RuntimeError, TypeError, AttributeError) as error:
        log.warning(
            "%s is decoded without its own head for further tokens, which its configuration names: %s",
            *(name, first_line(error)),
        )
        return None


def _made(model: Any, weights: Mapping[str, torch.Tensor]) -> HeadLayer:
    """The head with ``weights`` by their names in a checkpoint. Raises ValueError where they do not fit."""
    if not weights:
        raise ValueError("its weights are not in the checkpoint")
    apart = any(re.search(r"(?:^|\.)mtp\.", key) for key in weights)
    with torch.device(model.device):
        head = HeadLayer(model, chains_normed=apart).to(model.dtype)
    names = {key: _renamed(key, apart=apart) for key in weights}
    wanted = {key: weight.shape for key, weight in head.state_dict().items()}
    if missing := sorted(wanted.keys() - set(names.values())):
        raise ValueError(f"{len(missing)} of its weights are not in the checkpoint, {missing[0]} say")
    if wrong := sorted(key for key, name in names.items() if wanted.get(name) != weights[key].shape):
        raise ValueError(f"{len(wrong)} of its weights do not fit the model's decoder layer, {wrong[0]} say")
    head.load_state_dict({names[key]: weight for key, weight in weights.items()})
    head = head.eval().requires_grad_(False)
    # a decoder whose layers are called otherwise fails here rather than within a text
    some = head.joined.weight.new_ones(1, 1, head.joined.weight.shape[0])
    places = torch.zeros(1, 1, 1, dtype=torch.long, device=model.device)
    head(some, some, places, torch.ones(1, 1, 1, 1, dtype=torch.bool, device=model.device), None)
    return head


def _renamed(key: str, *, apart: bool) -> str:
    """A checkpoint's name of a weight as HeadLayer has it."""
    own = re.split(r"(?:^|\.)mtp\." if apart else r"(?:^|\.)layers\.\d+\.", key, maxsplit=1)[-1]
    for name, part in (APART if apart else APPENDED).items():
        if own.startswith(f"{name}."):
            return part + own.removeprefix(name)
    return own if apart else f"block.{own}"


def _weights(name: str, model: Any, *, local_files_only: bool) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint's own head, by their names there; of several heads the first one's."""
    layers = model.config.get_text_config().num_hidden_layers
    place = re.compile(rf"^(?!.*vis).*?(?:(?:^|\.)mtp\.(?!layers\.[1-9])|(?:^|\.)layers\.{layers}\.)")
    found: dict[str, torch.Tensor] = {}
    for file in _files(name, place, local_files_only=local_files_only):
        with safe_open(file, framework="pt") as tensors:
            keys = [key for key in tensors.keys() if place.search(key)]  # noqa: SIM118 it is no mapping
            found |= {key: tensors.get_tensor(key) for key in keys if not key.endswith(SHARED)}
    return found


def _files(name: str, place: re.Pattern[str], *, local_files_only: bool) -> list[str]:
    """The checkpoint's files with weights that are called so."""

    from transformers.utils.hub import cached_file

    def file(called: str, *, needed: bool) -> str | None:
        return cached_file(
            name, called, local_files_only=local_files_only, _raise_exceptions_for_missing_entries=needed
        )

    index = file(INDEX, needed=False)
    names = [WHOLE]
    if index is not None:
        shards = json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"]
        names = sorted({shard for key, shard in shards.items() if place.search(key)})
    return [found for called in names if (found := file(called, needed=True)) is not None]
