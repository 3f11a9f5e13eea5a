"""Which of transformers' image-text-to-text types docspec decodes exactly, on small random models of them.

    python -m docspec.bench.families

Types that no profile reads are tried with inputs made here (see docspec.bench.shrunk_inputs), not by their
processors: what is shown is that docspec runs their decoders exactly, by the check that every checkpoint
passes at loading and by longer outputs under right and wrong drafts. Processor and chat template are the
checkpoint's own with the generic profile. Families with a profile have their own tests
(tests/test_exactness.py). Last line JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from rich.console import Console
from rich.table import Table
from transformers import logging
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from docspec import registry
from docspec.bench.shrunk_decoding import differing
from docspec.bench.shrunk_inputs import inputs_for
from docspec.bench.shrunk_models import small_model
from docspec.bench.shrunk_settings import END
from docspec.errors import ModelError
from docspec.types import Style
from docspec.verifiers.decoder_hooks import decoder_inputs
from docspec.verifiers.masks import layer_kinds
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.refusals import (
    lacks_attention,
    not_loaded,
    refuse_attention,
    refuse_class,
    refuse_encoder_decoder,
)
from docspec.verifiers.self_check import check
from docspec.verifiers.sequence import Prompt

Status = Literal["profile", "exact", "refused", "not built", "wrong"]
LONGEST = 150  # characters of a reason


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one model type, and why."""

    model_type: str
    status: Status
    reason: str = ""


class Prepared:
    """A loaded model whose inputs are ready: what the check asks of docspec.verifiers.transformers_vlm's."""

    end_tokens = (END,)
    style = Style()

    def __init__(self, name: str, model: Any, inputs: dict[str, torch.Tensor]) -> None:
        self.name, self.model, self.made = name, model, inputs
        self.profile = self
        self.tokenizer = None

    def declines(self, category: Any) -> None:
        """Nothing."""

    def inputs(self, image: Any, category: Any) -> dict[str, torch.Tensor]:
        """The same for every image."""
        return self.made

    def embed(self, model: Any, batch: Sequence[dict[str, torch.Tensor]]) -> list[Prompt]:
        """As the profiles do."""
        return [Profile.prompt_of(inputs, decoder_inputs(model, inputs)) for inputs in batch]


def tried(model_type: str) -> Row:
    """Build a small random model of the type and check it."""
    if model_type in registry.names("profiles"):
        return Row(model_type, "profile")
    try:
        settings: Any = CONFIG_MAPPING[model_type]()
        refuse_encoder_decoder("it", settings)
        refuse_class("it", MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING[type(settings)])
        layer_kinds("it", settings.get_text_config())
        model = _built(model_type)
        refuse_attention("it", model)
        inputs = inputs_for(model)
        with torch.inference_mode():
            model.generate(**inputs, max_new_tokens=2, do_sample=False)
    except ModelError as error:
        return Row(model_type, "refused", str(error))
    except ImportError as error:
        return Row(model_type, "not built", f"transformers does not build it here: {_sentence(error)}")
    except Exception as error:  # noqa: BLE001 whatever it is, the table says it
        return Row(model_type, "not built", _said(error))
    made = Prepared("it", model, inputs)
    try:
        check(made)
    except ModelError as error:
        return Row(model_type, "refused", str(error))
    [prompt] = made.embed(model, [inputs])
    if wrong := differing(model, inputs, prompt, made.end_tokens[0]):
        return Row(model_type, "wrong", f"other tokens than generate's with {len(wrong)} drafts")
    return Row(model_type, "exact")


def _built(model_type: str) -> Any:
    """A small model of the type. Raises ModelError where its class refuses how docspec loads models."""
    try:
        return small_model(model_type)
    except ValueError as error:
        if lacks_attention(error):
            raise not_loaded("it", error) from error
        raise


def _sentence(error: Exception) -> str:
    """The first sentence of what a library says."""
    return " ".join(str(error).split()).split(". ")[0]


def _said(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def markdown(rows: list[Row]) -> str:
    """The table as the documentation has it."""
    lines = ["| type | outcome | why |", "|---|---|---|"]
    words = {"profile": "exact with its profile", "exact": "exact with the generic profile"}
    for row in rows:
        reason = row.reason.replace("|", "\\|")
        lines.append(f"| `{row.model_type}` | {words.get(row.status, row.status)} | {reason} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.families", description=__doc__)
    parser.add_argument("types", nargs="*", help="model types; all of transformers' without any")
    parser.add_argument("--markdown", action="store_true", help="print the documentation's table")
    options = parser.parse_args()
    logging.set_verbosity_error()
    rows = [tried(name) for name in options.types or sorted(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)]
    if options.markdown:
        print(markdown(rows))
    else:
        table = Table("type", "outcome", "why")
        for row in rows:
            table.add_row(row.model_type, row.status, row.reason)
        Console().print(table)
    print(json.dumps({"counts": Counter(row.status for row in rows), "rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
