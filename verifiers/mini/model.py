"""The bundled verifier: cells of the recogniser's features in front, a small Qwen2 decoder behind, bytes out.

A region's prompt is the cells of its lines, top to bottom, then a begin token; the text follows and ``<end>``
closes it. The token at position i predicts byte i, and a cell has the position of the byte that it is
expected to show, so that attention finds its place in the line by position and corrects it by content.
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

from docspec.drafters.reading.cells import CELL_SIZE, CHARACTER_BYTES, LineCells
from docspec.errors import ModelError
from docspec.verifiers.mini.decoder import Decoder, DecoderConfig, one_thread
from docspec.verifiers.mini.places import Missing, region_places
from docspec.verifiers.mini.tokens import BEGIN, BEGIN_FORMULAS, VOCABULARY
from docspec.verifiers.sequence import Prompt

WEIGHTS = Path(__file__).parent / "weights"
_FILES = ("model.safetensors", "config.json")


@dataclass(frozen=True)
class MiniConfig:
    """Sizes of the model."""

    hidden: int = 256
    layers: int = 4
    heads: int = 4
    key_heads: int = 2
    intermediate: int = 640
    cell: int = CELL_SIZE
    rotary_base: float = 10_000.0

    def decoder(self) -> DecoderConfig:
        """The decoder's configuration."""
        sizes = self.heads, self.key_heads, self.intermediate
        return DecoderConfig(VOCABULARY, self.hidden, self.layers, *sizes, self.rotary_base)


class CellEncoder(nn.Module):
    """Cells of lines to inputs of the decoder."""

    def __init__(self, config: MiniConfig) -> None:
        super().__init__()
        self.features = nn.Linear(config.cell, config.hidden)
        self.bytes = nn.Embedding(CHARACTER_BYTES * 257, config.hidden)
        self.second = nn.Linear(config.hidden, config.hidden, bias=False)
        self.around = nn.Conv1d(config.hidden, config.hidden, kernel_size=5, padding=2)
        self.norm = nn.LayerNorm(config.hidden)
        self.out = nn.Linear(config.hidden, config.hidden)

    def forward(self, features: Tensor, choices: Tensor, sure: Tensor, inside: Tensor) -> Tensor:
        """``[N, C, 366]``, ``[N, C, 2, 4]`` and ``[N, C, 2]`` of N padded lines to ``[N, C, D]``.

        ``inside`` [N, C] is False in the padding.
        """
        rows = choices + 257 * torch.arange(CHARACTER_BYTES, device=choices.device)
        named = self.bytes(rows).sum(dim=3) * sure[..., None]  # [N, C, 2, D]
        cells = self.features(features) + named[:, :, 0] + self.second(named[:, :, 1])
        cells = cells * inside[:, :, None]
        mixed = nn.functional.gelu(self.around(cells.transpose(1, 2)).transpose(1, 2))
        encoded: Tensor = cells + self.out(self.norm(cells + mixed))
        return encoded


class Mini(nn.Module):
    """The bundled verifier; :meth:`prompts` encodes regions, :attr:`decoder` reads them."""

    def __init__(self, config: MiniConfig) -> None:
        super().__init__()
        self.config = config
        self.cells = CellEncoder(config)
        self.missing = Missing()
        self.decoder = Decoder(config.decoder())

    def encode(self, lines: Sequence[LineCells], noise: float = 0.0) -> list[Tensor]:
        """Inputs ``[C_i, D]`` of the decoder for each line's cells, ``noise`` added to their features."""
        device = self.cells.norm.weight.device
        pad = nn.utils.rnn.pad_sequence
        features = pad([torch.from_numpy(line.features) for line in lines], batch_first=True).float()
        features += noise * torch.randn_like(features)
        choices = pad([torch.from_numpy(line.choices) for line in lines], batch_first=True, padding_value=256)
        sure = pad([torch.from_numpy(line.sure) for line in lines], batch_first=True)
        counts = torch.tensor([len(line) for line in lines])
        inside = torch.arange(features.shape[1]) < counts[:, None]
        encoded = self.cells(
            features.to(device), choices.long().to(device), sure.to(device), inside.to(device)
        )
        return [row[: len(line)] for row, line in zip(encoded, lines, strict=True)]

    @one_thread()
    @torch.no_grad()
    def prompts(self, regions: Sequence[Sequence[LineCells]], formulas: bool = False) -> list[Prompt]:
        """The decoder's prompts of regions, each the cells of its lines from top to bottom; ``formulas`` has
        it mark them in what it writes (see ``formulas``)."""
        begin = self.embed([BEGIN_FORMULAS if formulas else BEGIN])
        prompts = []
        for lines in regions:
            # one line at a time: what a line is encoded to must not depend on its company
            rows = [self.encode([line])[0] for line in lines]
            places = region_places(lines, [self.missing.advances(line)[int(formulas)] for line in lines])
            positions = torch.from_numpy(np.concatenate([*places, [0]]))[None].to(begin.device)
            prompts.append(Prompt(torch.cat([*rows, begin]), positions, following=1))
        return prompts

    def embed(self, ids: Sequence[int]) -> Tensor:
        """Embeddings ``[N, D]`` of token ids."""
        table = self.decoder.model.embed_tokens
        embedded: Tensor = table(torch.tensor(list(ids), device=table.weight.device))
        return embedded

    def save_pretrained(self, folder: Path) -> None:
        """Write weights (float16), configuration and checksums."""
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
        config = MiniConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        with torch.random.fork_rng([]):  # not on the device "meta", whose use imports 90 MB
            model = cls(config)
        state = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        model.load_state_dict(state, assign=True)
        return model.eval()


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
