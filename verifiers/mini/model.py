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

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import Qwen2Config, Qwen2ForCausalLM

from docspec.errors import ModelError
from docspec.verifiers.mini.tokens import BEGIN, END, LINE, PAD, MiniTokenizer

WEIGHTS = Path(__file__).parent / "weights"
_FILES = ("model.safetensors", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class MiniConfig:
    """Sizes of the model; ``classes`` is how many of the recogniser's classes the frames are told about."""

    vocabulary: int = 1280
    hidden: int = 256
    layers: int = 4
    heads: int = 4
    key_heads: int = 2
    intermediate: int = 512
    features: int = 120
    classes: int = 256
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
            tie_word_embeddings=True,
            pad_token_id=PAD,
            bos_token_id=BEGIN,
            eos_token_id=END,
            initializer_range=0.03,
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
        self.register_buffer("head_weight", torch.zeros(config.features, config.classes))
        self.register_buffer("head_bias", torch.zeros(config.classes))
        inputs = config.features + config.classes
        self.mix = nn.Conv1d(inputs, config.hidden, kernel_size=4, stride=2, padding=1)
        self.column = nn.Linear(config.hidden, config.hidden, bias=False)
        self.slot = nn.Embedding(config.line_slots, config.hidden)
        self.norm = nn.LayerNorm(config.hidden)
        self.out = nn.Linear(config.hidden, config.hidden)
        self.hidden = config.hidden

    def forward(self, features: Tensor, lengths: Tensor, slots: Tensor) -> Tensor:
        """Lines padded to one even length ``[N, T, 120]``, their true lengths ``[N]`` and slots ``[N]``."""
        classes = (features @ self.head_weight + self.head_bias).softmax(dim=-1)
        inside = torch.arange(features.shape[1], device=features.device) < lengths[:, None]
        inputs = torch.cat([features, classes], dim=-1) * inside[:, :, None]
        mixed = self.mix(inputs.transpose(1, 2)).transpose(1, 2)  # [N, T/2, D]
        mixed = mixed + self.column(_sinusoids(mixed.shape[1], self.hidden).to(mixed))
        mixed = mixed + self.slot(slots)[:, None]
        encoded: Tensor = 0.3 * self.norm(mixed + self.out(nn.functional.gelu(mixed)))
        return encoded


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

        ``P = sum(1 + ceil(T_i / 2)) + 1``; the decoder's next token is the first token of the text. Lines
        are encoded one by one, so that a line's positions never depend on the others' lengths.
        """
        device = self.frames.head_bias.device
        parts = []
        for index, line in enumerate(features):
            slot = torch.tensor([index % self.config.line_slots], device=device)
            parts.append(self.embed_tokens([LINE]) + self.frames.slot(slot))
            length = torch.tensor([line.shape[0]], device=device)
            parts.append(self.frames(pad_even(line.to(device).float())[None], length, slot)[0])
        parts.append(self.embed_tokens([BEGIN]))
        return torch.cat(parts)

    def embed_tokens(self, ids: Sequence[int]) -> Tensor:
        """Embeddings ``[N, D]`` of token ids."""
        table = self.decoder.model.embed_tokens
        embedded: Tensor = table(torch.tensor(list(ids), device=self.frames.head_bias.device))
        return embedded

    def save_pretrained(self, folder: Path) -> None:
        """Write weights (float16), configuration and checksums beside ``tokenizer.json``."""
        state = {
            k: v.half().contiguous() for k, v in self.state_dict().items() if k != "decoder.lm_head.weight"
        }
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
        config = MiniConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        with torch.device("meta"):
            model = cls(config, MiniTokenizer(folder / "tokenizer.json"))
        state = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        state["decoder.lm_head.weight"] = state["decoder.model.embed_tokens.weight"]
        model.load_state_dict(state, assign=True)
        model.decoder.tie_weights()
        model.decoder.model.rotary_emb = type(model.decoder.model.rotary_emb)(config.decoder())
        return model.eval()


def pad_even(features: Tensor) -> Tensor:
    """Features with an even number of frames: one frame of zeros added where it is odd."""
    return nn.functional.pad(features, (0, 0, 0, features.shape[0] % 2))


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
