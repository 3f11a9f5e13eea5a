"""A small Qwen2-VL that writes recorded texts, so that an engine can be measured that takes no replay.

vLLM refuses custom logits processors beside speculation. So a random model is trained on the CPU until it
writes each text by heart, in the tokens of docspec.bench.neutral_tokenizer. Prompts are alike but for the
image, as those of document models are; it is a small picture of noise that stands for the page or region,
because what a draft saves does not hang on how the model came to its text. The vision tower stays random.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.Image import Image as Picture
from torch import Tensor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from docspec.bench.small_model import AFTER, BEFORE, END, PAD, START, Size, random_model, save, tokenizer

SIDE = 56  # pixels of a picture, which is four tokens
PROMPT = f"{START}user\n{BEFORE}{PAD}{AFTER}Read the text.{END}\n{START}assistant\n"
RATE, WARM_UP = 3e-3, 20  # Adam's largest step, and steps until it
TOKENS = 600  # of a batch, or one text
NEARLY = 0.02  # share of wrong tokens below which the texts are tried between two rounds
IGNORED = -100
ASKED = 32  # tokens of the prompt with its picture, at most


def picture(number: int) -> Picture:
    """The image that stands for text ``number``, 56 x 56 pixels."""
    noise = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def make(folder: Path, texts: Sequence[str], size: Size, seed: int = 0) -> dict[str, Any]:
    """Write the checkpoint of a model that writes ``texts`` to ``folder``, unless it is there: of these texts
    and this size.

    Returns what it cost: seconds, rounds, texts and tokens, and the shares (0..1) of both that come out
    right, each token after the right ones before it.
    """
    note = folder / "training.json"
    made_of = hashlib.sha256(json.dumps([*texts, astuple(size), seed]).encode()).hexdigest()
    if note.is_file():
        known: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        if known.get("made_of") == made_of:
            return known
    words = tokenizer()
    model = random_model(words, size, seed)
    images = Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=SIDE * SIDE)
    recorded = [[*words(text, add_special_tokens=False)["input_ids"], words.eos_token_id] for text in texts]
    lessons = Lessons(model, words, images, recorded)
    found = lessons.learn(size.rounds, random.Random(seed)) | {"made_of": made_of}
    save(folder, model, words, images, PROMPT)
    note.write_text(json.dumps(found), encoding="utf-8")
    return found


class Lessons:
    """Teaches ``model`` the token ids ``recorded``, each after the prompt with its picture.

    Of embedding and head, only the rows of tokens that occur are trained. The head's others are zero, and the
    softmax has one zero for all of them: what is written has to score above.
    """

    def __init__(self, model: Any, words: Any, images: Any, recorded: Sequence[list[int]]) -> None:
        self.model, self.recorded = model, recorded
        prompt = PROMPT.replace(PAD, PAD * ((SIDE // 28) ** 2))
        asked = words(prompt, add_special_tokens=False)["input_ids"]
        self._used = torch.tensor(sorted({*asked, *itertools.chain.from_iterable(recorded)}))  # [U]
        self._class = {int(token): row for row, token in enumerate(self._used)}
        self._prompt = torch.tensor([self._class[token] for token in asked])  # [P]
        self._places = self._prompt == self._class[words.convert_tokens_to_ids(PAD)]
        with torch.no_grad():
            seen = images([picture(number) for number in range(len(recorded))], return_tensors="pt")
            made = model.model.visual(seen["pixel_values"], grid_thw=seen["image_grid_thw"])
            made = getattr(made, "pooler_output", made)
        self._seen = made.view(len(recorded), -1, made.shape[-1])  # [N, 4, D]
        self._positions = self._prompt_positions()  # [3, P]

    def _prompt_positions(self) -> Tensor:
        """Three numbers for each token of the prompt, as the family counts those of an image."""
        first = int(self._places.nonzero()[0])
        before, side = torch.arange(first), SIDE // 28
        grid = torch.stack(torch.meshgrid(*(torch.arange(n) for n in (1, side, side)), indexing="ij"))
        after = torch.arange(len(self._prompt) - first - side * side) + first + side
        parts = before.expand(3, -1), grid.reshape(3, -1) + first, after.expand(3, -1)
        return torch.cat(parts, dim=1)

    def learn(self, rounds: int, chance: random.Random) -> dict[str, Any]:
        """Train for ``rounds`` at most, less where all is known before; say what came of it."""
        started = time.perf_counter()
        layers = self.model.model.language_model
        whole = layers.embed_tokens.weight, self.model.lm_head.weight
        ends = [torch.nn.Parameter(weight[self._used].detach().clone()) for weight in whole]  # [U, D] each
        taught = [*layers.layers.parameters(), *layers.norm.parameters(), *ends]
        optimizer = torch.optim.Adam(taught, lr=RATE, betas=(0.9, 0.98))
        lengths = [len(ids) for ids in self.recorded]
        total = rounds * len(list(batches(lengths, chance.shuffle)))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, (step + 1) / WARM_UP) * max(0.02, 1 - step / max(1, total))
        )
        done, right = 0, False
        while done < rounds and not right:
            done, wrong = done + 1, 0
            for batch in batches(lengths, chance.shuffle):
                logits, wanted = self._logits(batch, *ends)
                loss = torch.nn.functional.cross_entropy(logits, wanted)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(taught, 1.0)
                optimizer.step()
                schedule.step()
                wrong += int((logits.argmax(1) != wanted).sum())
            right = wrong <= NEARLY * sum(lengths) and not any(self._mistakes(*ends))
        mistakes = self._mistakes(*ends)
        with torch.no_grad():
            whole[1].zero_()
            for weight, trained in zip(whole, ends, strict=True):
                weight[self._used] = trained
        return {
            "seconds": round(time.perf_counter() - started, 1),
            "rounds": done,
            "texts": len(lengths),
            "tokens": sum(lengths),
            "texts_right": round(mistakes.count(0) / len(lengths), 4),
            "tokens_right": round(1 - sum(mistakes) / sum(lengths), 5),
        }

    def _mistakes(self, embedding: Tensor, head: Tensor) -> list[int]:
        """Wrong tokens of each text, each after the right ones before it."""
        with torch.no_grad():
            pairs = [self._logits([number], embedding, head) for number in range(len(self.recorded))]
        return [int((logits.argmax(1) != wanted).sum()) for logits, wanted in pairs]

    def _logits(self, batch: Sequence[int], embedding: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
        """Scores ``[places, U + 1]`` of the places of the texts in ``batch``, and what belongs there."""
        layers = self.model.model.language_model
        prompt, longest = len(self._prompt), max(len(self.recorded[number]) for number in batch)
        ids = torch.zeros(len(batch), prompt + longest - 1, dtype=torch.long)  # [B, T]
        wanted = torch.full((len(batch), longest), IGNORED)  # [B, L]
        for row, number in enumerate(batch):
            own = torch.tensor([self._class[token] for token in self.recorded[number]])
            ids[row, :prompt] = self._prompt
            ids[row, prompt : prompt + len(own) - 1] = own[:-1]
            wanted[row, : len(own)] = own
        embedded = torch.nn.functional.embedding(ids, embedding)  # [B, T, D]
        pictures = torch.zeros_like(embedded)
        pictures[:, :prompt][:, self._places] = self._seen[list(batch)]
        places = torch.zeros(ids.shape[1], 1, dtype=torch.bool)
        places[:prompt, 0] = self._places
        after = torch.arange(longest - 1) + int(self._positions[0, -1]) + 1
        positions = torch.cat((self._positions, after.expand(3, -1)), dim=1)  # [3, T]
        hidden = layers(
            inputs_embeds=torch.where(places, pictures, embedded),
            position_ids=positions[:, None].expand(-1, len(batch), -1),
            use_cache=False,
        ).last_hidden_state[:, prompt - 1 :]  # [B, L, D]
        real = wanted != IGNORED
        scores = hidden[real] @ head.T
        return torch.cat((scores, torch.zeros(len(scores), 1)), dim=1), wanted[real]


def batches(lengths: Sequence[int], shuffle: Callable[[list[list[int]]], None]) -> Iterator[list[int]]:
    """All texts once, those of like length together: ``TOKENS`` with their padding at most, or one text."""
    order = sorted(range(len(lengths)), key=lambda number: lengths[number])
    groups: list[list[int]] = []
    for number in order:
        if groups and (len(groups[-1]) + 1) * lengths[number] <= TOKENS:
            groups[-1].append(number)
        else:
            groups.append([number])
    shuffle(groups)
    yield from groups
