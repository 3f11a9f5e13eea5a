"""Training of the bundled verifier.

``python -m docspec.verifiers.mini.train --shards DIR --run DIR --tokenizer FILE --minutes M`` reads
feature shards (see :mod:`docspec.verifiers.mini.data`) as they appear, so that making data and training can
run side by side; it resumes from the run's checkpoint. The learning rate follows a cosine over the
minutes of training, counted across resumptions.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from docspec.verifiers.mini.data import StoredLine, read_shard, running_text
from docspec.verifiers.mini.features import CtcHead, LineFeatures
from docspec.verifiers.mini.model import Mini, MiniConfig
from docspec.verifiers.mini.tokens import BEGIN, END, LINE, MiniTokenizer

_LINE_COUNTS = {1: 40, 2: 20, 3: 13, 4: 9, 5: 6, 6: 5, 8: 4, 12: 3}  # lines in a sample: weight
_CJK_MARKS = "、。，：；！？（）“”‘’【】《》～"


@dataclass(frozen=True)
class Sample:
    """Consecutive lines of a block and the token ids of their running text."""

    lines: list[StoredLine]
    tokens: list[int]

    @property
    def size(self) -> int:
        """Positions in the decoder."""
        return sum(1 + (len(line.features) + 1) // 2 for line in self.lines) + len(self.tokens) + 1


class Pool:
    """All blocks read so far; new shards of the folder are added by :meth:`refresh`."""

    def __init__(self, folder: Path, tokenizer: MiniTokenizer) -> None:
        self._folder, self._tokenizer = folder, tokenizer
        self._seen: set[Path] = set()
        self.blocks: list[list[StoredLine]] = []

    def refresh(self) -> None:
        """Read the shards that were not there before."""
        for path in sorted(set(self._folder.glob("*.npz")) - self._seen):
            if ".partial" not in path.name:
                self._seen.add(path)
                self.blocks += read_shard(path)

    def sample(self, rng: random.Random, progress: float) -> Sample:
        """A random run of lines of a random block; long runs come in over the first 40% of training."""
        block = rng.choice(self.blocks)
        ease = min(1.0, progress / 0.4)
        weights = [weight * (ease if lines > 1 else 1.0) for lines, weight in _LINE_COUNTS.items()]
        wanted = rng.choices(list(_LINE_COUNTS), weights)[0]
        count = min(wanted, len(block))
        start = rng.randint(0, len(block) - count)
        lines = block[start : start + count]
        text = running_text([(line.text, line.hyphenated) for line in lines])
        return Sample(lines, self._tokenizer.encode(text))

    def batches(
        self, rng: random.Random, budget: int, progress: float, count: int = 16
    ) -> list[list[Sample]]:
        """Batches of samples of like size, at most ``budget`` positions each, in random order."""
        samples = sorted((self.sample(rng, progress) for _ in range(count * 12)), key=lambda s: s.size)
        batches: list[list[Sample]] = [[]]
        for sample in samples:
            if batches[-1] and (len(batches[-1]) + 1) * sample.size > budget:
                batches.append([])
            batches[-1].append(sample)
        rng.shuffle(batches)
        return batches


def latin_classes(head: CtcHead) -> list[int]:
    """The recogniser's classes that matter here: blank, western characters, marks, space."""
    return [i for i, c in enumerate(head.characters) if len(c) == 0 or ord(c) < 0x2300 or c in _CJK_MARKS]


def new_model(tokenizer: MiniTokenizer, config: MiniConfig) -> Mini:
    """An untrained model with the recogniser's classifier in place."""
    head = LineFeatures().head()
    chosen = latin_classes(head)
    model = Mini(replace(config, vocabulary=len(tokenizer), classes=len(chosen)), tokenizer)
    model.frames.head_weight.copy_(torch.from_numpy(head.weight[:, chosen]))
    model.frames.head_bias.copy_(torch.from_numpy(head.bias[chosen]))
    _start_by_copying(model, [head.characters[i] for i in chosen])
    return model


@torch.no_grad()
def _start_by_copying(model: Mini, classes: Sequence[str]) -> None:
    """Give a frame that shows a character and the tokens that begin with it a common direction.

    Attention that moves a frame's content to the output then already votes for the right tokens: training
    starts from copying rather than from nothing.
    """
    directions: dict[str, Tensor] = {}
    for character in [*classes, *map(chr, range(33, 127))]:
        directions.setdefault(character, torch.randn(model.config.hidden))
    table = model.decoder.model.embed_tokens.weight  # [V, D]
    for token in range(END + 1, model.config.vocabulary):
        text = model.tokenizer.decode([token])
        for place, character in enumerate(text.strip()[:3]):
            if character in directions:
                table[token] += 0.03 * 0.5**place * directions[character].roll(place)
        if text.startswith(" ") and " " in directions:
            table[token] += 0.015 * directions[" "]
        last = directions.get(text[-1:])
        if last is not None:
            table[token] += 0.02 * last.roll(16)
    for index, character in enumerate(classes):
        if character:
            column = model.config.features + index
            for tap, gain in enumerate((0.25, 1.0, 1.0, 0.25)):
                model.frames.mix.weight[:, column, tap] += 0.7 * gain * directions[character]


def batch_loss(model: Mini, samples: Sequence[Sample], rng: random.Random, noise: float) -> Tensor:
    """Mean cross-entropy of the text tokens of a batch.

    A few input tokens are replaced at random: the model must look at the line, not only at its own text.
    """
    lines = [line for sample in samples for line in sample.lines]
    starts = [rng.randrange(model.config.line_slots) for _ in samples]
    slots = [
        (start + i) % model.config.line_slots
        for start, s in zip(starts, samples, strict=True)
        for i in range(len(s.lines))
    ]
    lengths = torch.tensor([len(line.features) for line in lines])
    longest = int(lengths.max()) + int(lengths.max()) % 2
    padded = torch.zeros(len(lines), longest, model.config.features)
    for row, line in enumerate(lines):
        padded[row, : len(line.features)] = torch.from_numpy(line.features)
    slot_ids = torch.tensor(slots)
    frames = model.frames(padded + noise * torch.randn_like(padded), lengths, slot_ids)  # [N, T/2, D]
    line_marks = model.embed_tokens([LINE]) + model.frames.slot(slot_ids)  # [N, D]
    rows, targets, row = [], [], 0
    for sample in samples:
        parts = []
        for line in sample.lines:
            parts += [line_marks[row : row + 1], frames[row, : (len(line.features) + 1) // 2]]
            row += 1
        shown = [
            t if rng.random() > 0.04 else rng.randrange(END + 1, model.config.vocabulary)
            for t in sample.tokens
        ]
        parts.append(model.embed_tokens([BEGIN, *shown]))
        rows.append(torch.cat(parts))
        target = torch.full((len(rows[-1]),), -100)
        target[-len(sample.tokens) - 1 :] = torch.tensor([*sample.tokens, END])
        targets.append(target)
    # Right padding under a causal mask needs no mask: nothing looks at what comes after it.
    embeds = nn.utils.rnn.pad_sequence(rows, batch_first=True)  # [B, L, D]
    target = nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=-100)
    hidden = model.decoder.model(inputs_embeds=embeds, use_cache=False).last_hidden_state
    chosen = target != -100
    return nn.functional.cross_entropy(model.decoder.lm_head(hidden[chosen]), target[chosen])


def learning_rate(progress: float, step: int, peak: float) -> float:
    """Linear warm-up over 100 steps, then a cosine down to 2% of the peak."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return peak * cosine * min(1.0, (step + 1) / 100)


def main() -> None:
    """Train until the minutes are used up; save a checkpoint now and then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of the run: checkpoint and saved model"
    )
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--budget", type=int, default=1000, help="positions in a batch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=float, default=180, help="seconds")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.run.mkdir(parents=True, exist_ok=True)
    shutil.copy(options.tokenizer, options.run / "tokenizer.json")
    model = new_model(MiniTokenizer(options.run / "tokenizer.json"), MiniConfig())
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.97), fused=True)
    step, spent = 0, 0.0
    checkpoint = options.run / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, spent = saved["step"], saved["spent"]
    pool, rng = Pool(options.shards, model.tokenizer), random.Random(step)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, from step {step}", flush=True)
    last_save, losses, seen = spent, [], 0
    while spent < options.minutes * 60:
        pool.refresh()
        if not pool.blocks:
            time.sleep(5)
            continue
        for batch in pool.batches(rng, options.budget, spent / (options.minutes * 60)):
            started = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(spent / (options.minutes * 60), step, options.rate)
            loss = batch_loss(model, batch, rng, noise=0.1)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step, spent = step + 1, spent + time.monotonic() - started
            losses.append(loss.item())
            seen += sum(len(s.lines) for s in batch)
            if step % 25 == 0:
                mean, losses = sum(losses) / len(losses), []
                amount = f"{seen} lines, {len(pool.blocks)} blocks"
                print(f"step {step} loss {mean:.3f} {spent / 60:.1f} min, {amount}", flush=True)
            if spent >= options.minutes * 60:
                break
        if spent - last_save > options.save_every or spent >= options.minutes * 60:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "spent": spent,
            }
            torch.save(state, checkpoint.with_suffix(".partial"))
            checkpoint.with_suffix(".partial").rename(checkpoint)
            model.save_pretrained(options.run)
            last_save = spent


if __name__ == "__main__":
    main()
