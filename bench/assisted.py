"""Which of transformers' ways to decode with a head of the checkpoint's own can run, and why others cannot.

Multi-token prediction (``generate(use_mtp=True)``) proposes with layers that were trained with the model. Of
the checkpoints that read images transformers (5.23) takes such layers from few: a configuration has to name
``num_mtp_layers``, the class the keys that they have, and nothing may keep a state or count positions by
several axes.
"""

from __future__ import annotations

from typing import Any

import transformers
from transformers import generation

from docspec.verifiers.own_head_layer import has_head

MTP = "generate-mtp"


def mtp_options(loaded: Any) -> dict[str, Any] | str:
    """``generate``'s arguments for multi-token prediction with the model ``loaded``, or a sentence that says
    why there is none."""
    model, missing = loaded.model, f"no `{MTP}`: "
    config, kind = model.config.get_text_config(), type(model).__name__
    here = f"transformers {transformers.__version__}"
    if not has_head(model.config):
        return f"{missing}{loaded.name} has no head of its own for further tokens"
    if not hasattr(generation.candidate_generator, "MTPCandidateGenerator"):
        return f"{missing}{here} has no multi-token prediction"
    if getattr(config, "num_mtp_layers", None) is None:
        return f"{missing}{here} does not take the head of {kind} from its checkpoint"
    if getattr(model, "_is_stateful", False):
        return f"{missing}{here} has none for layers that keep a state, as those of {kind} do"
    if "mrope_section" in (getattr(config, "rope_parameters", None) or {}):
        return f"{missing}{here} has none for positions of several axes, as those of {kind} are"
    return {"use_mtp": True}
