"""What vLLM loads by name in all of its processes."""

from __future__ import annotations

from typing import Any


class NoProposer:
    """Opens vLLM's verification of draft tokens and proposes none: the scheduler does."""

    def __init__(self, vllm_config: Any) -> None:
        pass

    def load_model(self, *args: Any, **kwargs: Any) -> None:
        """There is none."""

    def propose(self, sampled_token_ids: list[list[int]], *args: Any, **kwargs: Any) -> list[list[int]]:
        """No tokens, for each row."""
        return [[] for _ in sampled_token_ids]


def register() -> None:
    """Entry point ``vllm.general_plugins``: dots.ocr's configuration is vLLM's, not the checkpoint's code.

    Runs in every vLLM that docspec is installed beside, also of other releases: there it does nothing.
    """
    from transformers import AutoConfig

    try:
        from vllm.transformers_utils.configs.dotsocr import DotsOCRConfig
    except ImportError:
        return
    AutoConfig.register("dots_ocr", DotsOCRConfig, exist_ok=True)
