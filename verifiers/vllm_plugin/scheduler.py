"""The scheduler class that vLLM loads: its own, with draft tokens set for each running request."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer
from vllm.tokenizers import cached_tokenizer_from_config
from vllm.v1.core.sched.scheduler import Scheduler

from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.vllm_plugin.arguments import check_vllm
from docspec.verifiers.vllm_plugin.followers import Followers, Following, Inline
from docspec.verifiers.vllm_plugin.pool import Pool, processes
from docspec.verifiers.vllm_plugin.proposing import Limits, Proposing, logger
from docspec.verifiers.window import CPU_WIDTH, GPU_WIDTH


class DraftScheduler(Scheduler):  # type: ignore[misc]  # vLLM is not there where types are checked
    """vLLM's scheduler, whose running requests get the windows of ``proposing``.

    Works on plain data in the engine's process, so on every device, and with any number of workers behind it.
    Raises RuntimeError, saying what to change, where the engine was not started with what it needs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config = self.vllm_config
        check_vllm()
        if config.speculative_config is None or config.speculative_config.method != "custom_class":
            raise RuntimeError(
                "docspec's scheduler needs docspec's speculative_config: take both from "
                "docspec.verifiers.vllm_plugin.arguments.engine_arguments, or start with docspec serve."
            )
        if config.use_v2_model_runner:
            raise RuntimeError("docspec's drafts are for vLLM's V1 model runner: VLLM_USE_V2_MODEL_RUNNER=0")
        limits = Limits(
            window=config.speculative_config.num_speculative_tokens,
            vocabulary=config.model_config.get_vocab_size(),
            model_length=self.max_model_len,
            step_tokens=self.max_num_scheduled_tokens,
        )
        on_cpu = config.device_config.device_type == "cpu"
        if on_cpu and config.model_config.is_hybrid:
            # its convolution takes it that every window is as long as the longest; the GPU kernels do not
            raise RuntimeError(
                "vLLM's CPU kernels decode recurrent layers wrongly when windows differ in length: serve "
                "this model on a GPU, or without docspec's drafts."
            )
        self.proposing = Proposing(
            limits, self._following(limits, on_cpu), CPU_WIDTH if on_cpu else GPU_WIDTH
        )

    def _following(self, limits: Limits, on_cpu: bool) -> Following:
        count, tokenizer = processes(on_cpu), self._tokenizer()
        if count:
            logger.info("docspec: drafts are followed in %d processes", count)
            return Pool(count, tokenizer.to_str() if tokenizer else None, limits.vocabulary)
        codec = TokenizerCodec(tokenizer, special=True) if tokenizer else None
        return Inline(Followers(codec, limits.vocabulary))

    def _tokenizer(self) -> Tokenizer | None:
        """The tokenizers library's tokenizer of the model, None where it has another."""
        if self.vllm_config.model_config.skip_tokenizer_init:
            return None
        tokenizer = cached_tokenizer_from_config(self.vllm_config.model_config)
        core: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
        if core is None:
            logger.warning(
                "docspec: %s gives no text offsets; only docspec_draft_ids are followed", type(tokenizer)
            )
        return core

    def schedule(self, *args: Any, **kwargs: Any) -> Any:
        """One step, with windows."""
        self.proposing.propose(self.running)
        for request in self.running:
            if request.use_structured_output and request.spec_token_ids:
                request.spec_token_ids = self.structured_output_manager.validate_tokens(
                    request, request.spec_token_ids
                )
        step = super().schedule(*args, **kwargs)
        self.proposing.scheduled(step)
        return step

    def shutdown(self) -> None:
        """vLLM's, and the end of the processes that follow drafts."""
        super().shutdown()
        self.proposing.close()

    def update_from_output(self, *args: Any, **kwargs: Any) -> Any:
        """The step's results; what they say of the next windows is asked for first."""
        output = args[1] if len(args) > 1 else kwargs["model_runner_output"]
        tokens = output.sampled_token_ids
        self.proposing.received(
            {key: tokens[at] for key, at in output.req_id_to_index.items()} if tokens else {}
        )
        results = super().update_from_output(*args, **kwargs)
        self.proposing.executed(self.running)
        return results
