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
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers.models.qwen2.modeling_qwen2 import apply_rotary_pos_emb

from docspec.verifiers.mini.align import character_frames, ctc_places
from docspec.verifiers.mini.data import StoredLine, read_shard, running_text
from docspec.verifiers.mini.features import CtcHead, LineFeatures
from docspec.verifiers.mini.model import Mini, MiniConfig
from docspec.verifiers.mini.tokens import BEGIN, END, LINE, MiniTokenizer

_LINE_COUNTS = {1: 90, 2: 10}  # lines in a sample: weight
_GUIDED_LAYERS = (1, 2)
_GUIDED_HEADS = 2  # they share one key head: the next token's first and last character
_CJK_MARKS = "、。，：；！？（）“”‘’【】《》～"


@dataclass(frozen=True)
class Sample:
    """Consecutive lines of a block and the token ids of their running text."""

    lines: list[StoredLine]
    tokens: list[int]
    first: list[int]  # of each token: the prompt position of its first character, -1 if unknown
    last: list[int]
    readings: list[tuple[str, list[int]]]  # of each line: the recogniser's text and its characters' frames

    @property
    def size(self) -> int:
        """Positions in the decoder."""
        return sum(1 + (len(line.features) + 1) // 2 for line in self.lines) + len(self.tokens) + 1


class Pool:
    """All blocks read so far; new shards of the folder are added by :meth:`refresh`."""

    def __init__(self, folder: Path, tokenizer: MiniTokenizer, head: CtcHead) -> None:
        self._folder, self._tokenizer, self._head = folder, tokenizer, head
        self._places: dict[int, tuple[list[float], tuple[str, list[int]]]] = {}
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
        tokens, starts = self._tokenizer.encode_with_offsets(text)
        places = self._positions(lines)
        ends = [*(start - 1 for start in starts[1:]), len(text) - 1]
        readings = [self._places[id(line)][1] for line in lines]
        return Sample(lines, tokens, [places[i] for i in starts], [places[i] for i in ends], readings)

    def _positions(self, lines: Sequence[StoredLine]) -> list[int]:
        """The prompt position of each character of the lines' running text, -1 where unknown."""
        positions: list[int] = []
        offset = 0
        for index, line in enumerate(lines):
            if id(line) not in self._places:
                self._places[id(line)] = self._frames(line)
            frames = self._places[id(line)][0]
            here = [offset + 1 + int(f) // 2 if f >= 0 else -1 for f in frames]
            joined = line.hyphenated and index < len(lines) - 1
            positions += here[:-1] if joined else [*here, here[-1]] if here else [-1]
            offset += 1 + (len(line.features) + 1) // 2
        return positions

    def _frames(self, line: StoredLine) -> tuple[list[float], tuple[str, list[int]]]:
        features = line.features.astype(np.float32)
        best = (features @ self._head.weight + self._head.bias).argmax(axis=-1)
        reading, frames = ctc_places(best, self._head.characters, spaces=False)
        spaced = ctc_places(best, self._head.characters, spaces=True)
        return character_frames(line.text, reading, frames), spaced

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


def latin_head() -> CtcHead:
    """The recogniser's classifier, only the classes that matter here."""
    head = LineFeatures().head()
    chosen = latin_classes(head)
    return CtcHead(head.weight[:, chosen], head.bias[chosen], [head.characters[i] for i in chosen])


def new_model(tokenizer: MiniTokenizer, config: MiniConfig, head: CtcHead) -> Mini:
    """An untrained model with the recogniser's classifier in place."""
    model = Mini(replace(config, vocabulary=len(tokenizer), characters=head.characters), tokenizer)
    model.frames.head_weight.copy_(torch.from_numpy(head.weight))
    model.frames.head_bias.copy_(torch.from_numpy(head.bias))
    _start_by_copying(model, head.characters)
    return model


@torch.no_grad()
def _start_by_copying(model: Mini, classes: Sequence[str]) -> None:
    """Let training start from copying rather than from nothing.

    Random directions stand for characters, in three roles: what a frame shows (shared with the tokens that
    begin so), what stands before a frame, what a token ends with.
    """
    frames, hidden, size = model.frames, model.config.hidden, model.config.squeezed
    signs = {c: torch.randn(size) for c in [*classes, *map(chr, range(33, 127))]}
    shown, before, last = torch.randn(3, hidden, size) / size**0.5
    for index, character in enumerate(classes):
        if character:
            frames.squeeze.weight[:, model.config.features + index] = signs[character]
    for tap, gain in enumerate((0.2, 0.3, 0.4, 0.4)):
        frames.mix.weight[:, :, tap] += gain * before
    for tap in (4, 5):
        frames.mix.weight[:, :, tap] += 0.6 * shown
    table, output = model.decoder.model.embed_tokens.weight, model.decoder.lm_head.weight  # [V, D]
    for token in range(END + 1, model.config.vocabulary):
        text = model.tokenizer.decode([token])
        for place, character in enumerate(text.strip()[:3]):
            if character in signs:
                output[token] += 0.06 * 0.5**place * (shown @ signs[character]).roll(place)
        if text[-1:] in signs:
            table[token] += 0.06 * last @ signs[text[-1]]
    _start_by_the_clock(model)


@torch.no_grad()
def _start_by_the_clock(model: Mini) -> None:
    """Let the guided heads start by looking where the text should be by the count of tokens."""
    hands = model.config.hidden // model.config.heads
    weight = nn.init.normal_(model.frames.clock.weight, std=0.02)  # [D, head size]
    for index in _GUIDED_LAYERS:
        attention: Any = model.decoder.model.layers[index].self_attn
        attention.k_proj.weight[:hands] += 0.5 * weight.T / weight.square().sum(dim=0)[:, None]
        for head in range(_GUIDED_HEADS):
            attention.q_proj.bias[head * hands : head * hands + hands // 2] += 4.0


def batch_loss(
    model: Mini, samples: Sequence[Sample], rng: random.Random, noise: float
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of the text tokens of a batch, and that of the guided attention.

    A few input tokens are replaced at random: the model must look at the line, not only at its own text.
    """
    lines = [line for sample in samples for line in sample.lines]
    slots = []
    for sample in samples:
        start = rng.randrange(model.config.line_slots)
        slots += [(start + i) % model.config.line_slots for i in range(len(sample.lines))]
    lengths = torch.tensor([len(line.features) for line in lines])
    longest = int(lengths.max()) + int(lengths.max()) % 2
    padded = torch.zeros(len(lines), longest, model.config.features)
    for row, line in enumerate(lines):
        padded[row, : len(line.features)] = torch.from_numpy(line.features)
    slot_ids = torch.tensor(slots)
    clocks = []
    for sample in samples:
        clocks += model.clocks_of(sample.readings, [(len(line.features) + 1) // 2 for line in sample.lines])
    clock = nn.utils.rnn.pad_sequence(clocks, batch_first=True)  # [N, T/2, head size]
    noisy = padded + noise * torch.randn_like(padded)
    frames = model.frames(noisy, lengths, slot_ids, clock)  # [N, T/2, D]
    line_marks = model.embed_tokens([LINE]) + model.frames.slot(slot_ids)  # [N, D]
    rows, targets, guides, row = [], [], [], 0
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
        guide = torch.full((len(rows[-1]), _GUIDED_HEADS), -1)
        guide[-len(sample.tokens) - 1 : -1] = torch.tensor([sample.first, sample.last]).T
        guides.append(guide)
    # Right padding under a causal mask needs no mask: nothing looks at what comes after it.
    embeds = nn.utils.rnn.pad_sequence(rows, batch_first=True)  # [B, L, D]
    target = nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=-100)
    guide = nn.utils.rnn.pad_sequence(guides, batch_first=True, padding_value=-1)  # [B, L, 2]
    output = model.decoder.model(inputs_embeds=embeds, use_cache=False, output_hidden_states=True)
    chosen = target != -100
    loss = nn.functional.cross_entropy(
        model.decoder.lm_head(output.last_hidden_state[chosen]), target[chosen]
    )
    guidance = [_guidance(model, i, output.hidden_states[i], guide) for i in _GUIDED_LAYERS]
    return loss, torch.stack(guidance).mean()


def _guidance(model: Mini, index: int, states: Tensor, guide: Tensor) -> Tensor:
    """Cross-entropy of one layer's guided heads' attention against the places they should look at."""
    layer = model.decoder.model.layers[index]
    attention: Any = layer.self_attn
    batch, length, hidden = states.shape
    width = hidden // model.config.heads
    normed = layer.input_layernorm(states)
    size = _GUIDED_HEADS * width
    query = nn.functional.linear(normed, attention.q_proj.weight[:size], attention.q_proj.bias[:size])
    key = nn.functional.linear(normed, attention.k_proj.weight[:width], attention.k_proj.bias[:width])
    query = query.view(batch, length, _GUIDED_HEADS, width).transpose(1, 2)
    key = key.view(batch, length, 1, width).transpose(1, 2)
    cosines, sines = model.decoder.model.rotary_emb(states, torch.arange(length)[None])
    query, key = apply_rotary_pos_emb(query, key, cosines, sines)
    scores = query @ key.transpose(2, 3) / width**0.5  # [B, 2, L, L]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    places = guide.transpose(1, 2)  # [B, 2, L]
    return nn.functional.cross_entropy(scores.masked_fill(future, -1e9)[places >= 0], places[places >= 0])


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
    parser.add_argument("--guide", type=float, default=0.3, help="weight of the attention's guidance")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=float, default=180, help="seconds")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.run.mkdir(parents=True, exist_ok=True)
    shutil.copy(options.tokenizer, options.run / "tokenizer.json")
    head = latin_head()
    model = new_model(MiniTokenizer(options.run / "tokenizer.json"), MiniConfig(), head)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.97), fused=True)
    step, spent = 0, 0.0
    checkpoint = options.run / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        missing = model.load_state_dict(saved["model"], strict=False)
        if missing.missing_keys:
            print(missing, flush=True)
            _start_by_the_clock(model)
        else:
            optimizer.load_state_dict(saved["optimizer"])
        step, spent = saved["step"], saved["spent"]
    pool, rng = Pool(options.shards, model.tokenizer, head), random.Random(step)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, from step {step}", flush=True)
    last_save, losses, guided, seen = spent, [], [], 0
    while spent < options.minutes * 60:
        pool.refresh()
        if not pool.blocks:
            time.sleep(5)
            continue
        for batch in pool.batches(rng, options.budget, spent / (options.minutes * 60)):
            started = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(spent / (options.minutes * 60), step, options.rate)
            loss, guidance = batch_loss(model, batch, rng, noise=0.1)
            optimizer.zero_grad()
            (loss + options.guide * guidance).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step, spent = step + 1, spent + time.monotonic() - started
            losses.append(loss.item())
            guided.append(guidance.item())
            seen += sum(len(s.lines) for s in batch)
            if step % 25 == 0:
                mean, attention = sum(losses) / len(losses), sum(guided) / len(guided)
                losses, guided = [], []
                amount = f"{seen} lines, {len(pool.blocks)} blocks"
                print(
                    f"step {step} loss {mean:.3f} attention {attention:.3f} {spent / 60:.1f} min, {amount}",
                    flush=True,
                )
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
