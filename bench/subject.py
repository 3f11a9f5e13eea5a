"""What is measured: a verifier, real or replayed, and the ways to read pages with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from docspec import registry
from docspec.bench.neutral_tokenizer import DESCRIPTION, neutral_tokenizer
from docspec.bench.pages import REPLAYED, STYLE
from docspec.bench.plain import Plain
from docspec.bench.replayed import (
    ANNOTATIONS,
    AnnotatedLayout,
    MarkdownPages,
    RecordedVerifier,
    Recording,
    RecordingDrafter,
    check_source,
)
from docspec.bench.ways import Docspec, Way
from docspec.config import Config
from docspec.drafters.formats.markdown import DEFAULT
from docspec.errors import UsageError
from docspec.pipeline import Parts, choose_mode
from docspec.types import Category, Detector, Mode, Verifier
from docspec.verifiers.replay import ReplayModel

BASELINES = ("ar", "generate", "lookup", "generate-mtp")
END = "<|recorded end|>"
TOKENIZER = f"tokens are not the model's ({DESCRIPTION})"
UNBOUNDED = 1_000_000  # new tokens: a recording ends by itself
NO_GENERATE = (
    "the bundled verifier has no `generate` (its decoder's positions are its own): `ar` stands for it"
)
NO_BATCHED_MTP = "saturated, there is no `generate-mtp`: transformers' takes one sequence at a time"
NO_BATCHED_LOOKUP = "saturated, there is no prompt lookup: transformers' takes one sequence at a time"


@dataclass(slots=True)
class Subject:
    """One verifier, of which ``make(drafts)`` gives each run its own instance.

    ``reader`` is that of a model with transformers' ``generate``, if it is one. ``computed`` is False where
    no model runs, so that times of the verifier mean nothing. ``modes`` are what can be measured, the
    default first.
    """

    name: str
    make: Callable[[bool], Verifier]
    loaded: Any = None
    recording: Recording | None = None
    computed: bool = True
    modes: tuple[Mode, ...] = ()
    notes: list[str] = field(default_factory=list)
    _detector: Detector | None = None

    def detector(self, config: Config) -> Detector:
        """The layout's detector, one for all runs: it takes seconds to load and learns nothing."""
        if self._detector is None:
            self._detector = registry.make("detectors", config.detector, config)
        return self._detector

    @property
    def device(self) -> torch.device:
        """Where the model is; the CPU for what has none."""
        return torch.device("cpu") if self.loaded is None else self.loaded.model.device

    def note(self, text: str) -> None:
        """What readers of the figures should know, once."""
        if text not in self.notes:
            self.notes.append(text)


def load_subject(config: Config, replay: str | None, shape: str | None) -> Subject:
    """The verifier that ``config`` names, or what ``replay`` recorded, over a random model of ``shape``.

    Raises UsageError for what cannot be measured, ModelError where loading fails.
    """
    if shape is not None and replay is None:
        raise UsageError("--shape is of replays: add --replay annotations, or a folder of .md files")
    if replay is not None:
        return _replayed(config, replay, shape)
    if config.verifier == "mini":
        from docspec.verifiers.mini.verifier import MiniVerifier

        return Subject("mini", lambda drafts: MiniVerifier(config, drafts=drafts), modes=(Mode.REGION,))
    if config.verifier in registry.names("verifiers"):
        raise UsageError(f"{config.verifier!r} has no plain run to compare with: use mini or a checkpoint")
    from docspec.verifiers.model_verifier import ModelVerifier
    from docspec.verifiers.transformers_vlm import load

    loaded = load(config.verifier, config)
    first = choose_mode("auto", ModelVerifier(loaded, config))
    others = [mode for mode in Mode if mode is not first and (mode is Mode.REGION or loaded.page)]
    return Subject(
        loaded.name,
        lambda drafts: ModelVerifier(loaded, config, drafts=drafts),
        loaded=loaded,
        modes=(first, *others),
    )


def _replayed(config: Config, replay: str, shape: str | None) -> Subject:
    loaded: Any
    check_source(replay)
    notes = []
    if shape is None:
        loaded = _no_model(replay)
    else:
        from docspec.bench.shapes import random_reader

        loaded = random_reader(shape, config.device, config.dtype)
        if replay != ANNOTATIONS:  # the files are markdown, whatever the family writes
            loaded.page = MarkdownPages(REPLAYED)
        form = "markdown" if isinstance(loaded.page, MarkdownPages) else "its own page format"
        notes.append(f"replayed over a {loaded.name}: pages are written in {form}; {TOKENIZER}")
    recording = Recording(replay, loaded.codec, loaded.end_tokens[0], loaded.page)
    config = replace(config, max_new_tokens=UNBOUNDED)
    return Subject(
        loaded.name,
        lambda drafts: RecordedVerifier(loaded, recording, config, drafts=drafts),
        loaded=loaded if shape is not None else None,
        recording=recording,
        computed=shape is not None,
        modes=recording.modes,
        notes=notes,
    )


def _no_model(replay: str) -> ReplayModel:
    tokenizer = neutral_tokenizer()
    tokenizer.add_special_tokens([END])
    end = tokenizer.token_to_id(END)
    assert end is not None
    form = MarkdownPages(DEFAULT if replay == ANNOTATIONS else REPLAYED)
    loaded = ReplayModel(tokenizer, end, STYLE, form)
    loaded.name = "no model"
    return loaded


def make_ways(
    subject: Subject,
    modes: Sequence[str],
    baselines: Sequence[str],
    config: Config,
    *,
    saturated: bool = False,
) -> list[Way]:
    """docspec in each of ``modes`` (none: all that the subject has) and the plain runs to compare it with.

    ``saturated`` ones are for many pages at once; notes say which there cannot be.

    Every run has a verifier of its own: nothing that one learns helps another. Raises UsageError for a mode
    that cannot be measured here.
    """
    chosen = chosen_modes(subject, modes)
    ways: list[Way] = [Docspec(mode, config, parts_of(subject, mode, config, True)) for mode in chosen]
    plain = dict.fromkeys(Mode.REGION if mode is Mode.REGION else Mode.PAGE for mode in chosen)
    for mode in plain:
        if "ar" in baselines:
            ways.append(Plain(mode, config, parts_of(subject, mode, config, False), saturated=saturated))
        names = [name for name in baselines if name != "ar"]
        if saturated:
            names = _batched(subject, names)
        ways += _generate(subject, mode, names, config, saturated)
    return ways


def check_baselines(names: Sequence[str]) -> None:
    """Raises UsageError for a name that is no baseline."""
    for name in names:
        if name not in BASELINES:
            raise UsageError(f"unknown baseline {name!r}; known: {', '.join(BASELINES)}")


def _batched(subject: Subject, names: Sequence[str]) -> list[str]:
    """Those of ``generate``'s baselines that read many pages at once."""
    if subject.loaded is None:
        return list(names)
    if "lookup" in names:
        subject.note(NO_BATCHED_LOOKUP)
    if "generate-mtp" in names:
        subject.note(NO_BATCHED_MTP)
    if "generate" not in names:
        return []
    from docspec.bench.generate import batch_inputs

    white = [np.full((56, width, 3), 255, dtype=np.uint8) for width in (56, 112)]
    try:
        batch_inputs(subject.loaded, [(image, Category.TEXT) for image in white])
    except UsageError as error:
        subject.note(f"saturated, `generate` is left out: {error}")
        return []
    return ["generate"]


def _generate(
    subject: Subject, mode: Mode, names: Sequence[str], config: Config, saturated: bool
) -> list[Way]:
    if not names:
        return []
    loaded, recording = subject.loaded, subject.recording
    if loaded is None:
        if subject.computed:
            subject.note(NO_GENERATE)
        return []
    from docspec.bench.assisted import MTP, mtp_options
    from docspec.bench.generate import LOOKUP, Generate

    parts = parts_of(subject, mode, config, False)
    more: dict[str, dict[str, Any] | str] = {"generate": {}, "lookup": dict(LOOKUP)}
    if MTP in names:
        more[MTP] = mtp_options(loaded)
    ways: list[Way] = []
    for name in names:
        options = more[name]
        if isinstance(options, str):
            subject.note(options)
            continue
        ways.append(
            Generate(
                *(mode, config, parts, loaded),
                name=name,
                options=options,
                recording=recording,
                saturated=saturated,
            )
        )
    return ways


def parts_of(subject: Subject, mode: Mode, config: Config, drafts: bool) -> Parts:
    """What a run of its own in ``mode`` is made of; without ``drafts`` its verifier ignores them."""
    parts = Parts(
        verifier=subject.make(drafts),
        detector=subject.detector(config),
        drafter=registry.make("drafters", config.drafter, config),
    )
    if subject.recording is None or mode is Mode.PAGE:
        return parts
    return replace(
        parts,
        detector=AnnotatedLayout(parts.detector, subject.recording),
        drafter=RecordingDrafter(parts.drafter, subject.recording),
    )


def chosen_modes(subject: Subject, names: Sequence[str]) -> list[Mode]:
    """The modes of ``names``, all that the subject has without any. Raises UsageError for another."""
    return [_mode(name, subject) for name in names] or list(subject.modes)


def _mode(name: str, subject: Subject) -> Mode:
    known = {mode.value: mode for mode in subject.modes}
    if name not in known:
        raise UsageError(
            f"mode {name!r} cannot be measured with {subject.name}; possible: {', '.join(known)}"
        )
    return known[name]
