"""The bundled verifier: line features in front, a small Qwen2 decoder behind, text out.

A region's prompt is, for each of its lines, the ``<line>`` token and the line's frames (two features frames
make one position of 16 pixels), then ``<begin>``; the text follows and ``<end>`` closes it. Positions are
plain: 0 to P-1 for the prompt, text from P on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import Qwen2Config, Qwen2ForCausalLM

from docspec.errors import ModelError
from docspec.verifiers.mini.align import ctc_places, expected_tokens
from docspec.verifiers.mini.tokens import BEGIN, END, LINE, PAD, MiniTokenizer

WEIGHTS = Path(__file__).parent / "weights"
_ROTARY_BASE = 10_000.0
_FILES = ("model.safetensors", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class MiniConfig:
    """Sizes of the model."""

    vocabulary: int = 1280
    hidden: int = 256
    layers: int = 4
    heads: int = 4
    key_heads: int = 2
    intermediate: int = 384
    features: int = 120
    characters: tuple[str, ...] = ()  # the recogniser's classes that the frames are told about
    squeezed: int = 128
    line_slots: int = 16
    max_positions: int = 4096

    def decoder(self) -> Qwen2Config:
        """The decoder's configuration."""
        config = Qwen2Config(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.key_heads,
            intermediate_size=self.intermediate,
            max_position_embeddings=self.max_positions,
            tie_word_embeddings=False,
            pad_token_id=PAD,
            bos_token_id=BEGIN,
            eos_token_id=END,
            initializer_range=0.03,
            rope_parameters={"rope_type": "default", "rope_theta": _ROTARY_BASE},
        )
        config._attn_implementation = "sdpa"
        return config


class FrameEncoder(nn.Module):
    """Features of one line ``[T, 120]`` to positions of the decoder ``[ceil(T / 2), D]``.

    Beside the features, a frame gets what the recogniser's own classifier makes of them, for the Latin
    characters: the classifier's columns are a fixed part of the model. Learning to copy a character is
    quick when the frame names it; the features then decide where the classifier is wrong.
    """

    head_weight: Tensor
    head_bias: Tensor

    def __init__(self, config: MiniConfig) -> None:
        super().__init__()
        self.register_buffer("head_weight", torch.zeros(config.features, len(config.characters)))
        self.register_buffer("head_bias", torch.zeros(len(config.characters)))
        inputs = config.features + len(config.characters)
        self.squeeze = nn.Linear(inputs, config.squeezed)
        # 80 pixels: the character itself, the one before it (to be found by) and the one after.
        self.mix = nn.Conv1d(config.squeezed, config.hidden, kernel_size=10, stride=2, padding=4)
        self.column = nn.Linear(config.hidden, config.hidden, bias=False)
        self.slot = nn.Embedding(config.line_slots, config.hidden)
        self.clock = nn.Linear(config.hidden // config.heads, config.hidden, bias=False)
        self.norm = nn.LayerNorm(config.hidden)
        self.out = nn.Linear(config.hidden, config.hidden)
        self.hidden = config.hidden

    def forward(self, features: Tensor, lengths: Tensor, slots: Tensor, clock: Tensor) -> Tensor:
        """Lines padded to one even length ``[N, T, 120]``, their true lengths ``[N]`` and slots ``[N]``.

        ``clock`` is what :func:`clock_hands` says of each position, ``[N, T/2, head size]``.
        """
        classes = (features @ self.head_weight + self.head_bias).softmax(dim=-1)
        inside = torch.arange(features.shape[1], device=features.device) < lengths[:, None]
        squeezed = self.squeeze(torch.cat([features, classes], dim=-1)) * inside[:, :, None]
        mixed = self.mix(squeezed.transpose(1, 2)).transpose(1, 2)  # [N, T/2, D]
        mixed = mixed + self.column(_sinusoids(mixed.shape[1], self.hidden).to(mixed))
        mixed = mixed + self.slot(slots)[:, None]
        encoded = self.norm(mixed + self.out(nn.functional.gelu(mixed)))
        positions: Tensor = 0.3 * encoded + self.clock(clock)
        return positions

    def best_classes(self, features: Tensor) -> Tensor:
        """The recogniser's best class of each frame, ``[T]``."""
        return (features @ self.head_weight + self.head_bias).argmax(dim=-1)


class Mini(nn.Module):
    """The bundled verifier; :meth:`embed_lines` makes a prompt, :attr:`decoder` reads it."""

    def __init__(self, config: MiniConfig, tokenizer: MiniTokenizer) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.frames = FrameEncoder(config)
        self.decoder = Qwen2ForCausalLM(config.decoder())

    @torch.no_grad()
    def embed_lines(self, features: Sequence[Tensor]) -> Tensor:
        """The whole prompt of a region ``[P, D]`` from its lines' features ``[T_i, 120]``, top to bottom.

        ``P = sum(1 + ceil(T_i / 2)) + 1``; the decoder's next token is the first token of the text.
        """
        device = self.frames.head_bias.device
        features = [line.to(device).float() for line in features]
        hands = self.clocks(features)
        parts = []
        for index, line in enumerate(features):
            slot = torch.tensor([index % self.config.line_slots], device=device)
            parts.append(self.embed_tokens([LINE]) + self.frames.slot(slot))
            length = torch.tensor([line.shape[0]], device=device)
            parts.append(self.frames(pad_even(line)[None], length, slot, hands[index][None])[0])
        parts.append(self.embed_tokens([BEGIN]))
        return torch.cat(parts)

    def clocks(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Each position's clock ``[ceil(T_i / 2), head size]``, from the recogniser's reading."""
        names = self.config.characters
        readings = [
            ctc_places(self.frames.best_classes(line).cpu().numpy(), names, True) for line in features
        ]
        counts = [(len(line) + 1) // 2 for line in features]
        return self.clocks_of(readings, counts)

    def clocks_of(self, readings: Sequence[tuple[str, Sequence[int]]], counts: Sequence[int]) -> list[Tensor]:
        """Clocks of lines with known readings, see :func:`docspec.verifiers.mini.align.expected_tokens`."""
        begin = sum(counts) + len(counts)  # position of the begin token, which the first text token follows
        size = self.config.hidden // self.config.heads
        position, result = 0, []
        for tokens in expected_tokens(readings, counts, self.tokenizer):
            places = np.arange(position + 1, position + 1 + len(tokens))
            distance = torch.from_numpy((begin + tokens - places).astype(np.float32))
            result.append(clock_hands(distance.to(self.frames.head_bias.device), size))
            position += 1 + len(tokens)
        return result

    def embed_tokens(self, ids: Sequence[int]) -> Tensor:
        """Embeddings ``[N, D]`` of token ids."""
        table = self.decoder.model.embed_tokens
        embedded: Tensor = table(torch.tensor(list(ids), device=self.frames.head_bias.device))
        return embedded

    def save_pretrained(self, folder: Path) -> None:
        """Write weights (float16), configuration and checksums beside ``tokenizer.json``."""
        state = {k: v.half().contiguous() for k, v in self.state_dict().items()}
        save_file(state, folder / "model.safetensors")
        (folder / "config.json").write_text(
            json.dumps(asdict(self.config), indent=2) + "\n", encoding="utf-8"
        )
        sums = [f"{_digest(folder / name)}  {name}\n" for name in _FILES]
        (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")

    @classmethod
    def from_pretrained(cls, folder: Path = WEIGHTS) -> Mini:
        """Load a saved model (float32, evaluation mode); by default the one in the package.

        Raises:
            ModelError: a file is missing or its checksum is wrong.
        """
        check_files(folder)
        table = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config = MiniConfig(**(table | {"characters": tuple(table["characters"])}))
        with torch.device("meta"):
            model = cls(config, MiniTokenizer(folder / "tokenizer.json"))
        state = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        model.load_state_dict(state, assign=True)
        model.decoder.model.rotary_emb = type(model.decoder.model.rotary_emb)(config.decoder())
        return model.eval()


def pad_even(features: Tensor) -> Tensor:
    """Features with an even number of frames: one frame of zeros added where it is odd."""
    return nn.functional.pad(features, (0, 0, 0, features.shape[0] % 2))


def clock_hands(distance: Tensor, size: int) -> Tensor:
    """Cosines and sines of how far on the text of a frame is expected, at the rotary frequencies.

    ``[N]`` positions to ``[N, head size]``. Rotary attention adds a key's own position to the angle that a
    linear map of these makes, so that a constant query finds the frames of its place in the text, whatever
    the prompt's length.
    """
    rates = _ROTARY_BASE ** (-torch.arange(0, size, 2, device=distance.device) / size)
    angles = distance[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def check_files(folder: Path) -> None:
    """Compare the files of a model with their recorded SHA-256 sums.

    Raises:
        ModelError: a file is missing or differs.
    """
    try:
        lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        recorded = {name: digest for digest, name in (line.split() for line in lines)}
        wrong = [name for name in _FILES if recorded.get(name) != _digest(folder / name)]
    except (OSError, ValueError) as error:
        raise ModelError(
            f"cannot read the bundled verifier in {folder} ({error}): reinstall the package"
        ) from error
    if wrong:
        raise ModelError(f"{', '.join(wrong)} in {folder} is damaged (wrong checksum): reinstall the package")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sinusoids(length: int, size: int) -> Tensor:
    """The sinusoidal position table of "Attention Is All You Need", ``[length, size]``."""
    rates = torch.exp(torch.arange(0, size, 2) * (-torch.log(torch.tensor(10_000.0)) / size))
    angles = torch.arange(length)[:, None] * rates  # [length, size / 2]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
