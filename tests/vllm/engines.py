"""vLLM engines of the tests, in this process: with docspec's drafts and without, the same otherwise."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # the scheduler is looked at

import numpy as np
from checkpoints import prompt
from PIL import Image
from PIL.Image import Image as Picture
from vllm import LLM, SamplingParams
from vllm.distributed import cleanup_dist_env_and_memory

from docspec.verifiers.vllm_plugin.arguments import engine_arguments
from docspec.verifiers.vllm_plugin.proposing import Proposing

SIZES = [
    (112, 168),
    (112, 168),
    (56, 224),
    (84, 84),
    (140, 140),
    (56, 56),
]  # two have the same prompt's length
Drafts = dict[str, Any] | None


def pictures(count: int) -> list[Picture]:
    """Random images of a few sizes."""
    random = np.random.default_rng(0)
    sizes = [SIZES[index % len(SIZES)] for index in range(count)]
    return [Image.fromarray(random.integers(0, 255, (*size, 3), dtype=np.uint8)) for size in sizes]


class Engine:
    """One vLLM engine; ``steps`` are those of its last answers."""

    def __init__(self, llm: LLM, family: str) -> None:
        self.llm = llm
        self.family = family
        self.steps = 0

    @property
    def scheduler(self) -> Any:
        return self.llm.llm_engine.engine_core.engine_core.scheduler

    @property
    def vocabulary(self) -> int:
        return int(self.llm.llm_engine.model_config.get_vocab_size())

    def decode(self, ids: list[int]) -> str:
        """The text of ``ids``, special tokens left out."""
        return str(self.llm.get_tokenizer().decode(ids, skip_special_tokens=True))

    @property
    def proposing(self) -> Proposing:
        found = self.scheduler.proposing
        assert isinstance(found, Proposing)
        return found

    def outputs(self, drafts: Sequence[Drafts], **sampling: Any) -> list[Any]:
        """vLLM's outputs for as many images as there are ``drafts``, all asked at once."""
        settings = {"temperature": 0.0, "max_tokens": 120} | sampling
        params = [SamplingParams(**settings, extra_args=given) for given in drafts]
        requests = [
            {"prompt": prompt(self.family), "multi_modal_data": {"image": picture}}
            for picture in pictures(len(drafts))
        ]
        before = self.scheduler.current_step
        found = self.llm.generate(requests, params, use_tqdm=False)
        self.steps = self.scheduler.current_step - before
        return list(found)

    def answers(self, drafts: Sequence[Drafts], **sampling: Any) -> list[list[int]]:
        """Their token ids."""
        return [list(output.outputs[0].token_ids) for output in self.outputs(drafts, **sampling)]


@contextmanager
def engine(folder: Path, family: str, *, drafted: bool, window: int = 32, **more: Any) -> Iterator[Engine]:
    """An engine of ``folder``'s checkpoint: eight rows of 1,024 tokens, unless ``more`` says else."""
    settings: dict[str, Any] = {"max_model_len": 1024, "max_num_seqs": 8, "kv_cache_memory_bytes": 256 << 20}
    settings["limit_mm_per_prompt"] = {"image": 1} | ({} if family == "dots_ocr" else {"video": 0})
    settings |= {"enable_prefix_caching": False, "dtype": "float32"}
    settings |= (engine_arguments(window) if drafted else {}) | more
    made = Engine(LLM(str(folder), enforce_eager=True, seed=0, **settings), family)
    try:
        yield made
    finally:
        made.llm.llm_engine.engine_core.shutdown()
        del made.llm  # whoever still has the engine would end the next one's groups when it goes
        gc.collect()
        cleanup_dist_env_and_memory()
