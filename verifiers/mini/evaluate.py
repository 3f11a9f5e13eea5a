"""Character error of the bundled verifier and of the recogniser alone, on held-out fonts and text.

``python -m docspec.verifiers.mini.evaluate --shards DIR [--model DIR]`` reads the shards that
:mod:`docspec.verifiers.mini.data` made with ``--evaluation``. The last line printed is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from docspec.verifiers.mini.data import StoredLine, read_shard, running_text
from docspec.verifiers.mini.features import LineFeatures
from docspec.verifiers.mini.model import WEIGHTS, Mini
from docspec.verifiers.mini.tokens import END, PAD


@torch.no_grad()
def read_regions(model: Mini, regions: Sequence[Sequence[Tensor]], batch_size: int = 16) -> list[str]:
    """Greedy reading of regions, each a list of line features ``[T, 120]``, without drafts."""
    decoder: Any = model.decoder  # generate() is a mixin that the type of the model does not show
    prompts = [model.embed_lines(region) for region in regions]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    texts: dict[int, str] = {}
    for start in range(0, len(order), batch_size):
        chunk = order[start : start + batch_size]
        longest = max(len(prompts[i]) for i in chunk)
        embeds = torch.zeros(len(chunk), longest, model.config.hidden)
        mask = torch.zeros(len(chunk), longest, dtype=torch.long)
        for row, i in enumerate(chunk):
            embeds[row, longest - len(prompts[i]) :] = prompts[i]
            mask[row, longest - len(prompts[i]) :] = 1
        output = decoder.generate(
            inputs_embeds=embeds,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=longest + 40,
            eos_token_id=END,
            pad_token_id=PAD,
        )
        for row, i in enumerate(chunk):
            texts[i] = model.tokenizer.decode(output[row].tolist())
    return [texts[i] for i in range(len(prompts))]


def character_error(pairs: Sequence[tuple[str, str]]) -> float:
    """Edit distance over length of the truth, for pairs of reading and truth."""
    return sum(Levenshtein.distance(a, b) for a, b in pairs) / max(1, sum(len(b) for _, b in pairs))


def regions_of(blocks: Sequence[list[StoredLine]], most: int) -> list[list[StoredLine]]:
    """Blocks cut into regions of at most ``most`` lines."""
    return [block[i : i + most] for block in blocks for i in range(0, len(block), most)]


def main() -> None:
    """Print both readers' character errors, line by line and by region."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=WEIGHTS)
    parser.add_argument("--lines", type=int, default=400, help="most lines to read")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="print so many readings")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, head = Mini.from_pretrained(options.model), LineFeatures().head()
    blocks = [block for path in sorted(options.shards.glob("*.npz")) for block in read_shard(path)]
    result: dict[str, float | int] = {}
    for name, most in (("line", 1), ("region", 6)):
        regions, count = [], 0
        for region in regions_of(blocks, most):
            if count < options.lines and (most == 1 or len(region) > 1):
                regions.append(region)
                count += len(region)
        truth = [running_text([(line.text, line.hyphenated) for line in region]) for region in regions]
        started = time.monotonic()
        features = [[torch.from_numpy(line.features.astype(np.float32)) for line in r] for r in regions]
        read = read_regions(model, features)
        result[f"{name}_seconds"] = round(time.monotonic() - started, 2)
        plain = []
        for region in regions:
            texts = [head.read(line.features.astype(np.float32)).text for line in region]
            plain.append(running_text([(text, text.endswith("-")) for text in texts]))
        result[f"{name}s"] = len(regions)
        result[f"{name}_mini"] = round(character_error(list(zip(read, truth, strict=True))), 4)
        result[f"{name}_recogniser"] = round(character_error(list(zip(plain, truth, strict=True))), 4)
        for mine, ctc, true in list(zip(read, plain, truth, strict=True))[: options.show]:
            print(f"truth {true}\nmini  {mine}\nctc   {ctc}\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
