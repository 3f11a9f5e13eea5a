"""Replay: a verifier whose choices are recorded text.

It makes acceptance measurable with the output of models that are not at hand. Behind a model of the real
shape with random weights it also times the real work. Results of either are to be called "replayed".
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal

import torch
from tokenizers import Tokenizer

from docspec.config import Config
from docspec.types import Request, Style, Verdict
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.decide import Decide, Replay
from docspec.verifiers.model_verifier import LoadedModel, ModelVerifier
from docspec.verifiers.reading import PageFormat
from docspec.verifiers.sequence import Prompt
from docspec.verifiers.window import GPU_WIDTH, AssumedCost, StepCost


class _NoCache:
    branching = True
    resends = False

    def behind(self, row: int, cached: int) -> int:
        """Nothing is kept."""
        return 0

    def reserve(self, rows: int, places: int, budget: int) -> None:
        """Nothing is kept."""

    def keep(self, *arguments: Any) -> None:
        """Nothing is kept."""


class NoModel:
    """Stands where a Runner stands and computes nothing: passes are counted, not made.

    Windows are as long as on an accelerator.
    """

    device = torch.device("cpu")
    cache = _NoCache()
    own_head = None
    typical = True
    most = None

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.cost: StepCost = AssumedCost(GPU_WIDTH)  # there is nothing to measure

    def prefill(self, *arguments: Any) -> torch.Tensor:
        return torch.empty(0)

    def step(self, *arguments: Any) -> torch.Tensor:
        return torch.empty(0)

    def width(self, tokens: int, rows: int) -> int:
        return tokens

    def drop(self) -> None:
        """Nothing is kept."""

    def move(self, source: int, target: int, length: int) -> None:
        """Nothing is kept."""


class ReplayModel:
    """A reader without a model, over a ``tokenizers`` tokenizer whose id ``end`` ends every output.

    ``page`` is the page format of the recorded outputs, where whole pages were recorded.
    """

    name = "replayed"
    dpi = 150.0
    model = None

    def __init__(
        self, tokenizer: Tokenizer, end: int, style: Style | None = None, page: PageFormat | None = None
    ) -> None:
        self.native: Literal["region", "page"] = "page" if page else "region"
        self.page = page
        self.codec = TokenizerCodec(tokenizer, unwritten=frozenset((end,)))
        self.end_tokens: tuple[int, ...] = (end,)
        self.style = style or Style()

    def declines(self, request: Request) -> str | None:
        return None

    def prompts(self, requests: list[Request]) -> list[Prompt]:
        empty = Prompt(torch.empty(0, 1), torch.full((1, 1), -1))
        return [empty for _ in requests]

    def decide(self, config: Config) -> Decide:
        raise NotImplementedError("replay decides from the recording")

    def limit(self, request: Request, config: Config) -> int:
        return 1_000_000  # the recording ends by itself

    def words(self, request: Request, draft: str) -> str:
        return draft

    def verdict(self, request: Request, verdict: Verdict) -> Verdict:
        return verdict


class ReplayVerifier(ModelVerifier):
    """Verifies with the choices of ``recorded`` texts by request key.

    ``reader`` may hold a real model: its passes are then made, timed and ignored.
    """

    def __init__(
        self, loaded: LoadedModel, recorded: Mapping[Hashable, str], config: Config, *, drafts: bool = True
    ) -> None:
        end = loaded.end_tokens[0]
        tokens = {key: [*loaded.codec.encode(text)[0], end] for key, text in recorded.items()}
        runner: Any = NoModel(config.max_batch) if loaded.model is None else None
        super().__init__(loaded, config, drafts=drafts, decide=Replay(tokens), runner=runner)


def random_qwen2_vl(tokenizer: Any, layers: int, hidden: int, vision_layers: int = 8) -> Any:
    """A Qwen2-VL with random weights: a decoder of ``layers`` x ``hidden`` over the tokenizer's vocabulary.

    20 layers of 1024 make about 0.3 billion decoder parameters.
    """
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    heads = hidden // 64
    text = {
        "hidden_size": hidden,
        "intermediate_size": 4 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": max(1, heads // 4),
        "vocab_size": len(tokenizer),
        "rope_parameters": {"rope_type": "default", "mrope_section": [8, 12, 12], "rope_theta": 1e6},
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "tie_word_embeddings": False,
    }
    vision = {"depth": vision_layers, "embed_dim": 512, "hidden_size": hidden, "num_heads": 8}
    config: Any = Qwen2VLConfig(text_config=text, vision_config=vision, **_qwen_ids(tokenizer))
    return _random(Qwen2VLForConditionalGeneration, config, tokenizer)


def random_qwen3_5(tokenizer: Any, layers: int, hidden: int, vision_layers: int = 8) -> Any:
    """The same of a Qwen3.5, each fourth layer of which is full attention and the others gated delta rules.

    24 layers of 1024 are the published 0.8B model's decoder.
    """
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    heads = hidden // 64
    text: dict[str, Any] = {
        "hidden_size": hidden,
        "intermediate_size": 7 * hidden // 2,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, heads // 2),
        "num_key_value_heads": max(1, heads // 8),
        "head_dim": 256,
        "linear_num_key_heads": heads,
        "linear_num_value_heads": heads,
        "vocab_size": len(tokenizer),
        "eos_token_id": tokenizer.eos_token_id,
    }
    vision: dict[str, Any] = {"depth": vision_layers, "hidden_size": 512, "out_hidden_size": hidden}
    vision |= {"num_heads": 8, "intermediate_size": 2048}
    config: Any = Qwen3_5Config(text_config=text, vision_config=vision, **_qwen_ids(tokenizer))
    return _random(Qwen3_5ForConditionalGeneration, config, tokenizer)


def _qwen_ids(tokenizer: Any) -> dict[str, Any]:
    names = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
    fields = ["image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"]
    return dict(zip(fields, tokenizer.convert_tokens_to_ids(names), strict=True))


def _random(kind: Any, config: Any, tokenizer: Any) -> Any:
    torch.manual_seed(0)
    model = kind(config)
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = tokenizer.eos_token_id
    return model.eval()
