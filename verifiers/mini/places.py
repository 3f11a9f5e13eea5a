"""Where in a region's text each cell stands, in bytes.

The recogniser loses characters, spaces above all, and now and then sees one too many. A small network
estimates from the cells what is missing at each of them; it is fitted before the model is trained, on lines
whose text is known.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import Tensor, nn

from docspec.drafters.characters import is_cjk
from docspec.drafters.reading.cells import CELL_SIZE, LineCells
from docspec.verifiers.mini.formulas import plain

HIDDEN = 64
AROUND = 3  # cells that an estimate looks at
_LEGIBLE = 0.25  # edits a character, spaces aside, up to which a reading says where its characters stand
_RATE = 3e-3


class Missing(nn.Module):
    """Bytes of text at each cell beyond those of the recogniser's first choice.

    Two estimates: of plain text, and of text with its formulas marked (see ``formulas``).
    """

    mean: Tensor  # [366], of the features
    scale: Tensor  # [366]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(CELL_SIZE))
        self.register_buffer("scale", torch.ones(CELL_SIZE))
        self.around = nn.Conv1d(CELL_SIZE, HIDDEN, AROUND, padding=AROUND // 2)
        self.out = nn.Linear(HIDDEN, 2)

    def forward(self, features: Tensor, inside: Tensor) -> Tensor:
        """Estimates ``[N, C, 2]`` for features ``[N, C, 366]``; ``inside`` [N, C] is False in the padding."""
        features = (features - self.mean) / self.scale * inside[..., None]
        hidden = torch.relu(self.around(features.transpose(1, 2))).transpose(1, 2)
        missing: Tensor = self.out(hidden)
        return missing

    @torch.no_grad()
    def advances(self, line: LineCells) -> NDArray[np.int64]:
        """Bytes ``[2, C]`` from each cell of ``line`` to the next one (whole ones), the last up to the line's
        end: of plain text, and of text with formulas marked."""
        features = torch.from_numpy(line.features).float().to(self.out.weight.device)
        everywhere = torch.ones(1, len(line), dtype=torch.bool, device=features.device)
        missing = self(features[None], everywhere)[0].T.cpu().numpy()
        advances: NDArray[np.int64] = np.maximum(line.lengths + np.rint(missing).astype(np.int64), 0)
        return advances


def region_places(
    lines: Sequence[LineCells], advances: Sequence[NDArray[np.int64]]
) -> list[NDArray[np.int64]]:
    """Where in the region's text each line's cells are expected: lines joined as a reader would."""
    result, start = [], 0
    for line, steps in zip(lines, advances, strict=True):
        ends = start + np.cumsum(steps)
        result.append(ends - steps)
        last = line.text[-1:]
        start = int(ends[-1]) + (-1 if last == "-" else 0 if last and is_cjk(last) else 1)
    return result


def true_advances(line: LineCells, text: str) -> NDArray[np.int64] | None:
    """Bytes of ``text`` from each cell of its line to the next one; None where the reading is too far off."""
    if Levenshtein.normalized_distance(line.text.replace(" ", ""), text.replace(" ", "")) > _LEGIBLE:
        return None
    starts = np.cumsum([0, *(len(character.encode()) for character in text)])
    places = np.zeros(len(line), dtype=np.int64)  # the line's own cell stands at 0
    for step in Levenshtein.opcodes(line.text, text):
        shown = np.arange(step.src_end - step.src_start)
        places[1 + step.src_start + shown] = starts[np.minimum(step.dest_start + shown, step.dest_end)]
    return np.diff(places, append=starts[-1])


def fit(estimator: Missing, lines: Sequence[tuple[LineCells, str]], passes: int, rng: random.Random) -> None:
    """Fit ``estimator`` to lines with their text, formulas marked.

    With Huber loss, as an odd alignment should not weigh much.
    """
    known = []
    for line, text in lines:
        plainly, marked = true_advances(line, plain(text)), true_advances(line, text)
        if plainly is not None and marked is not None:
            known.append((line, np.stack([plainly, marked], axis=1)))
    features = torch.cat([torch.from_numpy(line.features) for line, _ in known]).float()
    estimator.mean.copy_(features.mean(0))
    estimator.scale.copy_(features.std(0) + 1e-3)
    known.sort(key=lambda pair: len(pair[0]))
    batches = [known[i : i + 32] for i in range(0, len(known), 32)]
    optimizer = torch.optim.AdamW(estimator.parameters(), lr=_RATE)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, passes * len(batches))
    pad = nn.utils.rnn.pad_sequence
    for _ in range(passes):
        rng.shuffle(batches)
        for batch in batches:
            features = pad([torch.from_numpy(line.features) for line, _ in batch], batch_first=True).float()
            missing = pad(
                [torch.from_numpy(true - line.lengths[:, None]) for line, true in batch], batch_first=True
            )
            inside = pad([torch.ones(len(line), dtype=torch.bool) for line, _ in batch], batch_first=True)
            loss = nn.functional.smooth_l1_loss(estimator(features, inside)[inside], missing[inside].float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay.step()
