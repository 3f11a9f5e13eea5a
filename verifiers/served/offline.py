"""A model in vLLM's engine within this process. The only place of the reading side that imports vLLM."""

from __future__ import annotations

from typing import Any

from docspec.config import Config
from docspec.errors import ImageRefused, ModelError, first_line
from docspec.verifiers.family import Family
from docspec.verifiers.served.chat import stats_of
from docspec.verifiers.served.question import Answer, Question
from docspec.verifiers.vllm_plugin.arguments import check_vllm, engine_arguments


class Offline:
    """vLLM with docspec's drafts in it, which decodes ``config.max_batch`` sequences at once.

    What else vLLM can be told comes from its own environment variables. Raises ModelError where it is
    missing, of another release, or does not start.
    """

    def __init__(self, family: Family, config: Config) -> None:
        try:
            check_vllm()
            from vllm import LLM, SamplingParams
        except (RuntimeError, ImportError) as error:
            raise ModelError(str(error)) from error
        self.family = family
        self.room = config.max_batch
        try:
            self._engine: Any = LLM(
                model=family.name,
                dtype=config.dtype,
                max_model_len=-1,  # what the model has and the memory holds
                max_num_seqs=config.max_batch,
                limit_mm_per_prompt={"image": 1, "video": 0},
                **engine_arguments(),
            ).llm_engine
        except Exception as error:  # whatever its engine's start raises
            raise ModelError(f"vLLM does not start with {family.name}: {first_line(error)}") from error
        longest = self._engine.model_config.max_model_len
        self._params = SamplingParams(
            temperature=0.0,
            max_tokens=min(config.max_new_tokens, longest),
            stop_token_ids=list(family.end_tokens),
            repetition_penalty=family.generation.repetition_penalty or 1.0,
            detokenize=False,
        )

    @property
    def device(self) -> str:
        settings = self._engine.vllm_config
        dtype = str(settings.model_config.dtype).removeprefix("torch.")
        return f"vLLM on {settings.device_config.device_type} ({dtype})"

    def session(self) -> _Sequences:
        """Sequences in the engine."""
        return _Sequences(self)

    def release(self) -> None:
        """The engine goes, and with it the memory of weights and cache."""
        self._engine.engine_core.shutdown()

    def ask(self, name: str, question: Question) -> None:
        """Hand a question to the engine. Raises ImageRefused and what the engine raises."""
        profile = self.family.profile
        try:
            picture = profile.sized(question.image, question.category)
        except ValueError as error:
            raise ImageRefused(first_line(error)) from error
        text = profile.chat(question.category)
        ids = profile.tokenizer(text, **profile.special_tokens(text))["input_ids"]
        params = self._params.clone()
        if question.drafts:
            params.extra_args = {"docspec_drafts": list(question.drafts)}
        prompt = {"prompt_token_ids": ids, "multi_modal_data": {"image": picture}}
        self._engine.add_request(name, prompt, params)

    def step(self) -> list[tuple[str, Answer]]:
        """One step of the engine, and what has ended in it."""
        return [(done.request_id, _answer(done)) for done in self._engine.step() if done.finished]

    def abort(self, names: list[str]) -> None:
        """Drop requests."""
        self._engine.abort_request(names)


class _Sequences:
    """The questions of one call of ``verify`` in the engine."""

    def __init__(self, backend: Offline) -> None:
        self.backend = backend
        self.room = backend.room
        self._open: set[int] = set()
        self._refused: list[tuple[int, Answer | Exception]] = []

    def ask(self, number: int, question: Question) -> None:
        try:
            self.backend.ask(str(number), question)
        except ImageRefused as error:
            self._refused.append((number, error))
        except Exception as error:  # noqa: BLE001 whatever it is, it is this request's alone: its page says so
            self._refused.append((number, ModelError(f"vLLM does not take it: {first_line(error)}")))
        else:
            self._open.add(number)

    def answers(self, patience: float) -> list[tuple[int, Answer | Exception]]:
        """A step takes its time; there is nothing to wait for beside it."""
        found, self._refused = self._refused, []
        if self._open:
            try:
                ended = [(int(name), answer) for name, answer in self.backend.step()]
                found += [(number, answer) for number, answer in ended if number in self._open]
            except Exception as error:  # noqa: BLE001 a dead engine: everything in it has failed
                found += [(number, ModelError(f"vLLM failed: {first_line(error)}")) for number in self._open]
            self._open.difference_update(number for number, _ in found)
        return found

    def close(self) -> None:
        if self._open:
            self.backend.abort([str(number) for number in self._open])


def _answer(done: Any) -> Answer:
    [output] = done.outputs
    tokens = tuple(output.token_ids)
    counts = output.spec_decode_metrics
    known = counts.to_dict() if counts is not None else None
    stats = stats_of(len(tokens), known)
    return Answer("", tokens, output.finish_reason == "stop", stats, speculated=known is not None)
