"""Training of the bundled verifier.

``python -m docspec.verifiers.mini.training.train --shards DIR --run DIR`` reads feature shards (see
:mod:`docspec.verifiers.mini.training.data`) as they appear, so that making data and training can run side
by side; it resumes from the run's checkpoint. The learning rate follows a cosine over all steps. A new run,
which starts from copying or from a trained model (``--start``), first fits the estimate of where cells
stand. With ``--alone`` the trained model's features were another recogniser's: the weights of the new ones
start from nothing and are trained alone for so many steps.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from docspec.drafters.reading.cells import NUMBERS, LineCells
from docspec.verifiers.mini.decoder import Attention
from docspec.verifiers.mini.formulas import plain
from docspec.verifiers.mini.model import Mini, MiniConfig
from docspec.verifiers.mini.places import Missing, fit, region_places
from docspec.verifiers.mini.tokens import BEGIN, BEGIN_FORMULAS, END, FIRST_BYTE, VOCABULARY, encode
from docspec.verifiers.mini.training.data import finished_shards, read_shard, running_text

# Chosen by eye: no run with others is recorded.
LINE_COUNTS = {1: 30, 2: 30, 4: 30, 8: 10}  # most lines in a sample: weight
_NOISE = 0.15  # standard deviation added to the features, which have 4
_FEATURES_SHARE = 0.3  # of the learning rate, for their weights: features are larger than other inputs
_WRONG = 0.04  # share of input tokens replaced: the model must look at the line, not only at its own text
_FORMULAS = 0.5  # share of samples in which formulas are marked
_FIT_SHARDS, _FIT_PASSES = 40, 8
_POSITION_PAIRS = 20  # rotary pairs by which a head starts to look at its place


@dataclass(frozen=True)
class TrainingLine:
    """A line's cells, its text, and whether its last word goes on.

    ``advances`` [2, C] are the bytes from each cell to the next, as estimated (see ``places``).
    """

    cells: LineCells
    advances: NDArray[np.int64]
    text: str
    hyphenated: bool


@dataclass(frozen=True)
class Sample:
    """Lines of a region and the token ids of their running text, its formulas marked or not."""

    lines: list[TrainingLine]
    tokens: list[int]
    formulas: bool

    @property
    def size(self) -> int:
        """Positions in the decoder."""
        return sum(len(line.cells) for line in self.lines) + len(self.tokens) + 1


class Pool:
    """All blocks read so far; new shards of the folder are added by :meth:`refresh`."""

    def __init__(self, folder: Path, missing: Missing) -> None:
        self._folder, self._missing = folder, missing
        self._seen: set[Path] = set()
        self.blocks: list[list[TrainingLine]] = []

    def refresh(self, most: int) -> None:
        """Read up to ``most`` shards that were not there before."""
        fresh = [path for path in finished_shards(self._folder) if path not in self._seen]
        for path in fresh[:most]:
            self._seen.add(path)
            for block in read_shard(path):
                self.blocks.append(
                    [
                        TrainingLine(
                            line.cells, self._missing.advances(line.cells), line.text, line.hyphenated
                        )
                        for line in block
                    ]
                )

    def sample(self, rng: random.Random) -> Sample:
        """A random run of lines, of one block or of several where one is too short."""
        most = rng.choices(list(LINE_COUNTS), list(LINE_COUNTS.values()))[0]
        wanted = rng.randint(most // 2 + 1, most)
        lines: list[TrainingLine] = []
        while len(lines) < wanted:
            block = rng.choice(self.blocks)
            start = rng.randrange(len(block))
            lines += block[start : start + wanted - len(lines)]
        text = running_text([(line.text, line.hyphenated) for line in lines])
        formulas = rng.random() < _FORMULAS
        return Sample(lines, encode(text if formulas else plain(text)), formulas)

    def batches(self, rng: random.Random, budget: int, count: int = 16) -> list[list[Sample]]:
        """Batches of samples of like size, at most ``budget`` positions each, in random order."""
        samples = sorted((self.sample(rng) for _ in range(count * 10)), key=lambda s: s.size)
        batches: list[list[Sample]] = [[]]
        for sample in samples:
            if batches[-1] and (len(batches[-1]) + 1) * sample.size > budget:
                batches.append([])
            batches[-1].append(sample)
        rng.shuffle(batches)
        return batches


def fit_places(missing: Missing, folder: Path) -> None:
    """Fit the estimate of where cells stand to the first shards of ``folder``."""
    shards = finished_shards(folder)
    shards = random.Random(0).sample(shards, min(_FIT_SHARDS, len(shards)))
    lines = [line for path in shards for block in read_shard(path) for line in block]
    fit(missing, [(line.cells, line.text) for line in lines], _FIT_PASSES, random.Random(0))


@torch.no_grad()
def forget_features(model: Mini) -> None:
    """Make a trained model blind to features, which were another recogniser's; what was named of each
    character it goes on to copy."""
    model.cells.features.weight[:, :-NUMBERS] = 0.0
    model.missing = Missing()


@torch.no_grad()
def new_model(config: MiniConfig) -> Mini:
    """An untrained model that starts from copying: cells and outputs share the directions of bytes, and one
    head of each layer looks at its own place in the line and copies what is there."""
    model = Mini(config)
    table, output = model.decoder.model.embed_tokens.weight, model.decoder.lm_head.weight
    model.cells.bytes.weight.normal_(std=0.02)
    first = torch.randn(256, config.hidden) / config.hidden**0.5
    model.cells.bytes.weight[:256] = first
    output[FIRST_BYTE:VOCABULARY] = 0.5 * first
    table.normal_(std=0.05)
    mark = 0.1 * torch.randn(config.hidden).sign()  # tells cells from text
    model.cells.features.bias.copy_(mark)
    model.cells.features.weight.mul_(0.05)
    model.cells.out.weight.mul_(0.05)
    size = config.hidden // config.heads
    for attention in model.decoder.modules():
        if not isinstance(attention, Attention):
            continue
        copied = torch.linalg.qr(torch.randn(config.hidden, size)).Q.T  # [size, D], orthonormal rows
        attention.v_proj.weight[:size] = copied
        attention.o_proj.weight[:, :size] = 0.2 * copied.T
        for pair in range(_POSITION_PAIRS):
            for at in (pair, pair + size // 2):
                attention.q_proj.bias[at] = 2.0
                attention.k_proj.weight[at] += 0.2 * mark / mark.norm()
    return model


def batch_loss(model: Mini, samples: Sequence[Sample], rng: random.Random) -> Tensor:
    """Mean cross-entropy of the text tokens of a batch."""
    encoded = iter(model.encode([line.cells for sample in samples for line in sample.lines], _NOISE))
    rows, places, targets = [], [], []
    for sample in samples:
        cells = [next(encoded) for _ in sample.lines]
        shown = [t if rng.random() > _WRONG else rng.randrange(FIRST_BYTE, VOCABULARY) for t in sample.tokens]
        rows.append(torch.cat([*cells, model.embed([BEGIN_FORMULAS if sample.formulas else BEGIN, *shown])]))
        advances = [line.advances[int(sample.formulas)] for line in sample.lines]
        expected = np.concatenate(region_places([line.cells for line in sample.lines], advances))
        text = np.arange(len(sample.tokens) + 1)
        places.append(torch.from_numpy(np.concatenate([expected, text]).astype(np.int64)))
        target = torch.full((len(rows[-1]),), -100)
        target[-len(sample.tokens) - 1 :] = torch.tensor([*sample.tokens, END])
        targets.append(target)
    pad = nn.utils.rnn.pad_sequence
    embeds, positions = pad(rows, batch_first=True), pad(places, batch_first=True)  # [B, L, D], [B, L]
    target = pad(targets, batch_first=True, padding_value=-100)
    states = model.decoder.model(embeds, positions, None)  # right padding needs no mask under a causal one
    chosen = target != -100
    return nn.functional.cross_entropy(model.decoder.lm_head(states[chosen]), target[chosen])


def learning_rate(progress: float, step: int, peak: float) -> float:
    """Linear warm-up over 100 steps, then a cosine down to 2% of the peak."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return peak * cosine * min(1.0, (step + 1) / 100)


def main() -> None:
    """Train until the minutes are used up; save a checkpoint now and then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of the checkpoint and the saved model"
    )
    parser.add_argument("--start", type=Path, help="folder of a trained model to go on from")
    parser.add_argument("--alone", type=int, default=0, help="steps for the weights of new features alone")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--budget", type=int, default=2000, help="positions in a batch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=float, default=120, help="seconds")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.run.mkdir(parents=True, exist_ok=True)
    model = Mini.from_pretrained(options.start).train() if options.start else new_model(MiniConfig())
    if options.alone:
        forget_features(model)
    trained = [*model.cells.parameters(), *model.decoder.parameters()]
    features = model.cells.features.weight
    decayed = [p for p in trained if p.ndim > 1 and p is not features]
    plain = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": 0.05, "share": 1.0},
        {"params": plain, "weight_decay": 0.0, "share": 1.0},
        {"params": [features], "weight_decay": 0.05, "share": _FEATURES_SHARE},
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98), fused=True)
    step = 0
    checkpoint = options.run / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    else:
        fit_places(model.missing, options.shards)
    pool, rng = Pool(options.shards, model.missing), random.Random(step)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, from step {step}", flush=True)
    last_save, losses, seen = time.monotonic(), [], 0
    while step < options.steps:
        pool.refresh(most=8)
        for samples in pool.batches(rng, options.budget):
            if step in (0, options.alone):
                for parameter in trained:
                    parameter.requires_grad_(step >= options.alone)
                model.cells.features.requires_grad_(True)
            for group in optimizer.param_groups:
                rate = learning_rate(step / options.steps, step, options.rate)
                group["lr"] = rate * group["share"]
            loss = batch_loss(model, samples, rng)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            step, seen = step + 1, seen + sum(len(s.lines) for s in samples)
            losses.append(loss.item())
            if step % 25 == 0:
                print(
                    f"step {step} loss {np.mean(losses[-25:]):.4f}, {seen} lines, {len(pool.blocks)} blocks",
                    flush=True,
                )
        if time.monotonic() - last_save > options.save_every:
            save(model, optimizer, step, options.run)
            last_save = time.monotonic()
    save(model, optimizer, step, options.run)


def save(model: Mini, optimizer: torch.optim.Optimizer, step: int, run: Path) -> None:
    """Write the checkpoint (to resume) and the model (to use)."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    partial = run / "checkpoint.partial"
    torch.save(state, partial)
    partial.rename(run / "checkpoint.pt")
    model.save_pretrained(run)


if __name__ == "__main__":
    main()
